"""What the assistant is taught: requests in many wordings, and conversations made of them."""
