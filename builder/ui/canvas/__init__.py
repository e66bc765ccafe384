"""The canvas: a graph drawn with streamlit-flow, and the bridge that turns what a person does there into events."""
