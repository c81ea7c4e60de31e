"""Which tests pytest-xdist gives to one worker, and which of these groups begin first.

What is dear to set up is made once: one worker drives every page of JupyterLab, one every page of the site, one runs the tests
of a panel that all panels share, and keeps its exact answers. A notebook's cells run in one kernel. Any other group is a file.
"""

import re

ALONE = ("test_class_link", "test_figure_labels", "test_frames", "test_handle_of_a_bar", "test_handles", "test_jupyterlite",
         "test_page_front_end", "test_phone", "test_pyodide_elsewhere", "test_stored_answers", "test_written_method")
"""Files of tests/browser/ that use neither the one JupyterLab nor the one site."""

OF_ALL_PANELS = ("test_drawn", "test_looks", "test_pure")
"""Files of tests/panels/ whose tests begin their brackets with a panel's name."""


def group(nodeid):
    """The name of the group that a test belongs to.

    >>> group("tests/browser/test_site_panels.py::test_links"), group("tests/panels/test_drawn.py::test_axes[sgd-3]")
    ('site', 'panel sgd')
    """
    path = nodeid.partition("::")[0]
    folder, _, name = path.removesuffix(".py").rpartition("/")
    if folder == "tests/browser" and name not in ALONE:
        return "site" if name.startswith("test_site_") else "lab"
    panel = re.search(r"\[(\w+)", nodeid) if folder == "tests/panels" and name in OF_ALL_PANELS else None
    return f"panel {panel[1]}" if panel else path


def order(nodeid):
    """Where a test's group stands in the order of work: what takes minutes begins first, so that none waits at the end."""
    kinds = ("site", "lab", "tests/browser/", "tests/tooling/test_wasm", "notebooks/", "panel ", "tests/", "")
    return next(k for k, kind in enumerate(kinds) if group(nodeid).startswith(kind))


def scheduler(config, log):
    """pytest-xdist's scheduler of whole files, of our groups instead (its own marks need an older pytest)."""
    from xdist.scheduler import LoadScopeScheduling

    class Groups(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            return group(nodeid)

    return Groups(config, log)
