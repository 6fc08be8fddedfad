"""Tokens and cost by day, month, model, user, project and git branch."""
