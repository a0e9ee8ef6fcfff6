"""Messages of today for the spam filter."""
