BEGIN { print(stack()); }
