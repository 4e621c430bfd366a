# Every src/*/deps-exe/TOOL with a TOOL.c beside deps-exe is built. The tools
# named here are run by other tools only and go to LIBEXECDIR, all others to BINDIR.
LIBEXEC_TARGETS := s6-rc-fdholder-filler s6-rc-oneshot-run

# The room that is installed as a library, with every header of src/include/s6-rc.
INSTALLED_LIB := libs6rc
