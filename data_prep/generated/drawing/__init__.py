"""How the synthetic data are drawn: anti-aliased layers, perspective, and one module per motif."""
