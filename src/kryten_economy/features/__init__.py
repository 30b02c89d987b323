"""What the economy can do, one room per noun: rules, operations, queries, texts."""
