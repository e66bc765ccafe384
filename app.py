"""Layerloom in the browser: ``streamlit run app.py``."""

from builder.ui import app_shell

app_shell.run()
