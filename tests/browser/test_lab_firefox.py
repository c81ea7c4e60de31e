"""Another browser: in Firefox too, JupyterLab draws at a key's press what CPython computes."""

from mombook.panels import definition

from . import firefox as verbs
from .lab import RAN_ALL, READY, RUN_ALL

# A window without a screen never has the focus, and Lab asks which of its parts has it: it is told.
NOTEBOOK_IN_FRONT = """() => {
  const [notebook] = window.jupyterapp?.shell?.widgets('main') ?? [];
  notebook?.node.dispatchEvent(new FocusEvent('focus', { bubbles: true }));
  return !!notebook;
}"""
IN_VIEW = """() => {
  const panel = document.querySelector('.mombook-panel');
  panel?.scrollIntoView();
  return !!panel;
}"""


def test_a_panel_in_jupyterlab_moves(firefox, lab_server):
    notebook = "notebooks/02_sgd_and_the_critical_batch.ipynb"
    firefox.open(f"{lab_server.url}/lab/tree/{notebook}?token={lab_server.token}&reset")
    firefox.wait_for(NOTEBOOK_IN_FRONT)
    firefox.wait_for(READY)
    firefox.evaluate(RUN_ALL)
    firefox.wait_for(RAN_ALL)
    firefox.wait_for(IN_VIEW)
    firefox.wait_for(verbs.DRAWN)
    verbs.moved_by_a_key(firefox, definition("sgd"))
