"""`zolo inspect`: the schema file of a store that is there."""
