"""Making a parse state at build time; a run never imports this."""
