local LAST_RECORD = #ARGV - 2 -- notice and payload follow
