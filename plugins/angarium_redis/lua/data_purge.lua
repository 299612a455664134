-- Claims stay, without messages; positions go on.
call('UNLINK', ALL, READY, DELAYED, CLAIMED, EXPIRING, STATE, BODY)
return 1
