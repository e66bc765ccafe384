"""Plotly figures of what the inspector computes: one function each, from a result and a ``Style``."""

from builder.inspect.figures.attention import attention_heads, attention_matrix, head_name
from builder.inspect.figures.attention_image import attention_image
from builder.inspect.figures.attention_links import links_figure, text_figure
from builder.inspect.figures.attention_overview import head_statistics_figure, overview_figure
from builder.inspect.figures.attention_paths import flow_figure, rollout_matrix, rollout_of_token
from builder.inspect.figures.attribution import attribution_figure
from builder.inspect.figures.calibration import calibration_figure
from builder.inspect.figures.cascade import cascade_figure
from builder.inspect.figures.denoising import denoising_figure
from builder.inspect.figures.depth import epochs_figure, probes_figure, similarity_figure
from builder.inspect.figures.evaluation import classes_figure, confusion_figure, mistakes_figure, parity_figure
from builder.inspect.figures.imagined import inversion_figure, preferred_figure
from builder.inspect.figures.landscape import interpolation_figure, landscape_figure
from builder.inspect.figures.latent import between_figure, traversal_figure
from builder.inspect.figures.likelihood import likelihood_figure
from builder.inspect.figures.neighbours import neighbours_figure
from builder.inspect.figures.prediction import prediction_figure, reconstruction_figure, tokens_figure
from builder.inspect.figures.scatter import network_figure, projection_figure
from builder.inspect.figures.search_tree import search_tree_figure
from builder.inspect.figures.slices import slices_figure
from builder.inspect.figures.style import Style
from builder.inspect.figures.texts import texts_figure
from builder.inspect.figures.units import activating_figure
from builder.inspect.figures.values import feature_maps, token_strip, value_figure
from builder.inspect.figures.weights import filters_figure

__all__ = [
    "Style",
    "activating_figure",
    "attention_heads",
    "attention_image",
    "attention_matrix",
    "attribution_figure",
    "between_figure",
    "calibration_figure",
    "cascade_figure",
    "classes_figure",
    "confusion_figure",
    "denoising_figure",
    "epochs_figure",
    "feature_maps",
    "filters_figure",
    "flow_figure",
    "head_name",
    "head_statistics_figure",
    "interpolation_figure",
    "inversion_figure",
    "landscape_figure",
    "likelihood_figure",
    "links_figure",
    "mistakes_figure",
    "neighbours_figure",
    "network_figure",
    "overview_figure",
    "parity_figure",
    "prediction_figure",
    "preferred_figure",
    "probes_figure",
    "projection_figure",
    "reconstruction_figure",
    "rollout_matrix",
    "rollout_of_token",
    "search_tree_figure",
    "similarity_figure",
    "slices_figure",
    "text_figure",
    "texts_figure",
    "token_strip",
    "tokens_figure",
    "traversal_figure",
    "value_figure",
]
