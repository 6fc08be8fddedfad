"""Full text over prompts, answers, tools and titles."""
