BEGIN { denormalize(5); }
