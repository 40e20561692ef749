"""Who may answer: what rules ask of models, and all rules of a profile made ready."""
