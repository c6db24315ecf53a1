"""Turnover by figures alone: periods, ratios, classes and advice."""
