"""The desk: Streamlit views over graphs, checks and runs. Nothing outside this package imports streamlit."""
