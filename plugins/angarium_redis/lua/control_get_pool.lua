-- ARGV: 2 name.
return find_pool(ARGV[2]) and tell({ ARGV[2] })[1]
