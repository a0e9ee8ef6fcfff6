"""The Gradio side of the showcase: one module per tab, and the public API beside them."""
