"""Late interaction: patch vectors kept in a store, and hits of a first stage re-ranked by them."""
