"""What figures of the market mean, on plain values."""
