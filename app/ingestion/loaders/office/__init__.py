"""What Office formats have in common: packages of XML parts that refer to each other."""
