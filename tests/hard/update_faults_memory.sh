#!/bin/sh
# ISC license.
# Calls of s6-rc-update fail, one at a time, that no file system has a part in:
# it says so, and the old state is whole, or the new one.
. "$(dirname "$0")/../lib/test.sh"
. "$S6RC_TOP/tests/lib/faults.sh"
. "$S6RC_TOP/tests/lib/update.sh"

test_memory() { sweep_faults 'malloc|calloc|realloc|strdup|mmap|opendir|fdopendir' 50; }
test_processes() { sweep_faults 'ppoll|pipe2|signalfd|posix_spawnp|waitpid|sendmsg|recvmsg|socket|fcntl_dup|fcntl_lock' 10; }

run_tests "$@"
