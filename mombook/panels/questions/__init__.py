"""Questions to be answered before the figure is shown: what each notebook asks, as panels that any host can open."""

QUESTIONS = {
    "predict_01_window": "Window",
    "predict_01_cheapest": "Cheapest",
    "predict_02_limit": "Limit",
    "predict_02_bend": "Bend",
    "predict_03_exponent": "Exponent",
    "predict_03_speed": "Speed",
    "predict_04_spectrum": "Richest",
    "predict_04_growth": "Growth",
    "predict_05_advantage": "Advantage",
    "predict_05_exponent": "Traded",
    "predict_06_limit": "Beyond",
    "predict_06_runs": "Runs",
    "predict_07_saturation": "Saturation",
    "predict_07_price": "Price",
    "predict_08_noise": "EndPoint",
    "predict_08_batch": "Pays",
    "predict_09_step": "Step",
    "predict_09_batch": "Batch",
    "predict_11_batch": "Best",
    "predict_11_single": "Single",
    "predict_12_decay": "Decay",
    "predict_12_ramp": "Ramp",
    "predict_13_search": "Free",
    "predict_13_definition": "Defined",
}
"""Question name, ``predict_`` and the notebook's number first -> class in ``notebook_NN.py``; in the order of the book."""


def module(name):
    """The file in this folder that defines a question."""
    return f"questions.notebook_{name.split('_')[1]}"
