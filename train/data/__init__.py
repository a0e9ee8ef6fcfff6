"""What there is to read: the catalogue, downloads, manifests."""
