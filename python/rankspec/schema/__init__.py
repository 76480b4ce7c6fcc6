"""What the `.proto` files say: fields, their paths, defaults, rules and comments."""
