# ISC license. GNU make. `./configure --help` first; then the targets are
#   all objects check install uninstall strip clean distclean dist
# and, for slashpackage, update global-links.
#
# A room is a directory src/ROOM with .c files and a file deps-lib that names
# the rooms below it. A tool is src/DIR/TOOL.c with src/DIR/deps-exe/TOOL: what
# it is linked with, in order. Nothing here lists rooms, files or tools.

-include config.mak

ifndef package
ifneq ($(filter-out clean distclean dist,$(or $(MAKECMDGOALS),all)),)
$(error no config.mak here: run ./configure first)
endif
srcdir := .
CHECK_ARGS :=
endif

include $(srcdir)/package/info
include $(srcdir)/package/targets.mak

MAKEFLAGS += --no-builtin-rules
.SUFFIXES:
.DELETE_ON_ERROR:
.SECONDARY:
.DEFAULT_GOAL := all

# --- what there is

ROOMS := $(patsubst $(srcdir)/src/%/deps-lib,%,$(wildcard $(srcdir)/src/*/deps-lib))
room_objects = $(patsubst $(srcdir)/src/%.c,build/obj/%.o,$(wildcard $(srcdir)/src/$(1)/*.c))
room_archive = build/lib/$(if $(filter lib%,$(1)),$(1),lib$(1)).a
ARCHIVES := $(foreach room,$(ROOMS),$(call room_archive,$(room)))

# DIR/TOOL of every main; TOOL alone is its name in build/bin.
MAINS := $(sort $(foreach deps,$(wildcard $(srcdir)/src/*/deps-exe/*),\
  $(patsubst $(srcdir)/src/%.c,%,$(wildcard $(subst /deps-exe,,$(deps)).c))))
main_dirs := $(sort $(dir $(MAINS)))
unlinked := $(filter-out $(MAINS),$(patsubst $(srcdir)/src/%.c,%,$(wildcard $(addprefix $(srcdir)/src/,$(addsuffix *.c,$(main_dirs))))))
ifneq ($(unlinked),)
$(error no deps-exe file for: $(unlinked))
endif
TOOLS := $(notdir $(MAINS))
LIBEXEC_TOOLS := $(filter $(LIBEXEC_TARGETS),$(TOOLS))
BIN_TOOLS := $(filter-out $(LIBEXEC_TARGETS),$(TOOLS))

OBJECTS := $(foreach room,$(ROOMS),$(call room_objects,$(room))) $(MAINS:%=build/obj/%.o)
FUZZ_TARGETS := $(patsubst $(srcdir)/tests/fuzz/%.c,build/fuzz/%,$(filter-out %/replay.c,$(wildcard $(srcdir)/tests/fuzz/*.c)))
UNITS := $(patsubst $(srcdir)/tests/unit/%.c,build/unit/%,$(wildcard $(srcdir)/tests/unit/*.c))

INTERFACE := $(shell echo $(version) | cut -d. -f1-2)
SO := $(INSTALLED_LIB).so
SHARED := $(if $(filter yes,$(enable_shared)),build/lib/$(SO).$(version))
PC := $(if $(filter yes,$(enable_pkgconfig)),build/lib/$(INSTALLED_LIB).pc)

# --- compiling

# The start of a recipe line: only $(1) is shown of it, unless V=1.
show = $(if $(filter 1,$(V)),,@echo '$(1)' ; )

ALL_CPPFLAGS = -Isrc/include $(if $(filter-out .,$(srcdir)),-I$(srcdir)/src/include) -I$(srcdir)/src $(CPPFLAGS_AUTO) $(CPPFLAGS)
ALL_CFLAGS = $(CFLAGS_AUTO) $(CFLAGS)
ALL_LDFLAGS = $(LDFLAGS_AUTO) $(LDFLAGS)
EXTERNAL := $(S6_LIB) $(EXECLINE_LIB) $(SKARNET_LIB)

# What was compiled or linked with other flags is out of date: these files hold
# the flags and change only with them.
define remember
ifneq ($$(file <$(1)),$$(strip $(2)))
$$(shell mkdir -p build)$$(file >$(1),$$(strip $(2)))
endif
endef
ifdef CC
$(eval $(call remember,build/compiled-with,$$(CC) $$(ALL_CPPFLAGS) $$(ALL_CFLAGS)))
$(eval $(call remember,build/linked-with,$$(CC) $$(ALL_CFLAGS) $$(ALL_LDFLAGS) $$(EXTERNAL) $$(LDLIBS) $$(enable_shared)/$$(enable_allstatic)))
endif

all: $(TOOLS:%=build/bin/%) $(ARCHIVES) $(SHARED) $(PC)

objects: $(OBJECTS)

build/obj/%.o: $(srcdir)/src/%.c build/compiled-with
	@mkdir -p $(@D)
	$(call show,CC $@)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

build/obj/%.lo: $(srcdir)/src/%.c build/compiled-with
	@mkdir -p $(@D)
	$(call show,CC $@)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -fPIC -MMD -MP -MF build/obj/$*.lo.d -c -o $@ $<

-include $(OBJECTS:.o=.d) $(OBJECTS:.o=.lo.d) $(UNITS:%=%.d) $(FUZZ_TARGETS:%=%.d) build/obj/replay.d

# --- linking

# The room's directory is a prerequisite because a file may have left it.
define archive_rule
$(call room_archive,$(1)): $(call room_objects,$(1)) $(srcdir)/src/$(1)
	@mkdir -p build/lib
	@rm -f $$@
	$$(call show,AR $$@)$(AR) rcs $$@ $$(filter %.o,$$^)
endef
$(foreach room,$(ROOMS),$(eval $(call archive_rule,$(room))))

# libs6rc.so instead of libs6rc.a in programs
ifeq ($(enable_shared)/$(enable_allstatic),yes/no)
linked_lib := build/lib/$(SO).$(version)
else
linked_lib := $(call room_archive,$(INSTALLED_LIB))
endif
own_word = $(if $(filter $(INSTALLED_LIB),$(1)),$(linked_lib),$(call room_archive,$(1)))
# a word of a deps-exe file -> what the linker gets
link_word = $(strip $(if $(filter $(ROOMS),$(1)),$(call own_word,$(1)),\
  $(if $(filter -ls6,$(1)),$(S6_LIB),$(if $(filter -lexecline,$(1)),$(EXECLINE_LIB),\
  $(if $(filter -lskarnet,$(1)),$(SKARNET_LIB),$(if $(filter -l% -pthread,$(1)),$(1),\
  $(error $(1) in $(2) is no room and no library)))))))

# $(file) leaves variables such as ${SOCKET_LIB} as they are: eval expands them.
define main_rule
words := $(strip $(file <$(srcdir)/src/$(dir $(1))deps-exe/$(notdir $(1))))
objs := build/obj/$(1).o $$(foreach word,$$(words),$$(call link_word,$$(word),$(dir $(1))deps-exe/$(notdir $(1))))
build/bin/$(notdir $(1)): private objs := $$(objs)
build/bin/$(notdir $(1)): $$(filter build/%,$$(objs)) $(srcdir)/src/$(dir $(1))deps-exe/$(notdir $(1)) build/linked-with
	@mkdir -p build/bin
	$$(call show,LINK $$@)$$(CC) $$(ALL_CFLAGS) $$(ALL_LDFLAGS) -o $$@ $$(objs) $$(LDLIBS)
endef
ifdef CC
$(foreach main,$(MAINS),$(eval $(call main_rule,$(main))))
endif

build/lib/$(SO).$(version): $(patsubst %.o,%.lo,$(call room_objects,$(INSTALLED_LIB))) build/linked-with
	@mkdir -p build/lib
	$(call show,LINK $@)$(CC) $(ALL_CFLAGS) $(filter-out -static -no-pie,$(ALL_LDFLAGS)) -shared -Wl,-soname,$(SO).$(INTERFACE) -o $@ \
	  $(filter %.lo,$^) $(S6_DYNLIB) $(EXECLINE_DYNLIB) $(SKARNET_DYNLIB) $(SOCKET_LIB) $(SPAWN_LIB) $(SYSCLOCK_LIB) $(LDLIBS)
	@ln -sf $(SO).$(version) build/lib/$(SO).$(INTERFACE)
	@ln -sf $(SO).$(version) build/lib/$(SO)

pc_libs := -ls6 -lexecline -lskarnet $(SOCKET_LIB) $(SPAWN_LIB) $(SYSCLOCK_LIB)
build/lib/%.pc: config.mak
	@mkdir -p build/lib
	@{ echo 'includedir=$(includedir)' ; echo 'libdir=$(if $(SHARED),$(dynlibdir),$(libdir))' ; echo ; \
	  echo 'Name: $*' ; echo 'Description: compiled databases and live directories of s6-rc' ; \
	  echo 'Version: $(version)' ; echo 'Cflags: -I$${includedir}' ; \
	  echo 'Libs: -L$${libdir} -l$(*:lib%=%)$(if $(SHARED),, $(strip $(pc_libs)))' ; \
	  $(if $(SHARED),echo 'Libs.private: $(if $(filter $(dynlibdir),$(libdir)),,-L$(libdir) )$(strip $(pc_libs))' ;) } > $@

strip: all
	$(STRIP) -R .note -R .comment $(TOOLS:%=build/bin/%)
	$(if $(ARCHIVES),$(STRIP) -x -R .note -R .comment $(ARCHIVES))
	$(if $(SHARED),$(STRIP) -R .note -R .comment $(SHARED))

# --- installing: words FILE TARGET MODE; the mode `link` makes a symlink that holds FILE

# bash and fish look for a file of the tool's name
COMPLETIONS := $(srcdir)/completions/_s6-rc $(zshcompletiondir)/_s6-rc 644 \
  $(srcdir)/completions/s6-rc.bash $(bashcompletiondir)/s6-rc 644 \
  $(srcdir)/completions/s6-rc.fish $(fishcompletiondir)/s6-rc.fish 644 \
  $(foreach tool,$(filter-out s6-rc,$(BIN_TOOLS)),\
    s6-rc $(bashcompletiondir)/$(tool) link s6-rc.fish $(fishcompletiondir)/$(tool).fish link)
man_pages := $(wildcard $(srcdir)/doc/man/*.[1-9])
INSTALLED := \
  $(foreach tool,$(BIN_TOOLS),build/bin/$(tool) $(bindir)/$(tool) 755) \
  $(foreach tool,$(LIBEXEC_TOOLS),build/bin/$(tool) $(libexecdir)/$(tool) 755) \
  $(foreach header,$(wildcard $(srcdir)/src/include/s6-rc/*.h),\
    $(if $(filter %/config.h,$(header)),,$(header) $(includedir)/s6-rc/$(notdir $(header)) 644)) \
  src/include/s6-rc/config.h $(includedir)/s6-rc/config.h 644 \
  $(if $(filter yes,$(enable_static)),$(call room_archive,$(INSTALLED_LIB)) $(libdir)/$(INSTALLED_LIB).a 644) \
  $(if $(SHARED),$(SHARED) $(dynlibdir)/$(SO).$(version) 755 \
    $(SO).$(version) $(dynlibdir)/$(SO).$(INTERFACE) link $(SO).$(version) $(dynlibdir)/$(SO) link) \
  $(if $(PC),$(PC) $(pkgconfdir)/$(notdir $(PC)) 644) \
  $(foreach page,$(man_pages),$(page) $(mandir)/man$(subst .,,$(suffix $(page)))/$(notdir $(page)) 644) \
  $(if $(filter yes,$(enable_completions)),$(COMPLETIONS)) \
  $(if $(filter yes,$(enable_html)),$(foreach page,$(wildcard $(srcdir)/doc/*.html $(srcdir)/doc/*.css),$(page) $(docdir)/$(notdir $(page)) 644))

# Each file appears under its name by a rename: what runs while it is replaced sees the old or the new one.
install: all
	@set -e ; umask 022 ; set -- $(INSTALLED) ; while test $$# -gt 0 ; do \
	  to="$(DESTDIR)$$2" ; mkdir -p "$${to%/*}" ; \
	  if test "$$3" = link ; then rm -f "$$to.new" ; ln -s "$$1" "$$to.new" ; \
	  else cp -f "$$1" "$$to.new" ; chmod "$$3" "$$to.new" ; fi ; \
	  mv -f "$$to.new" "$$to" ; echo "installed $$to" ; shift 3 ; \
	done

uninstall:
	@set -e ; set -- $(INSTALLED) ; while test $$# -gt 0 ; do rm -f "$(DESTDIR)$$2" ; shift 3 ; done
	@rmdir "$(DESTDIR)$(includedir)/s6-rc" "$(DESTDIR)$(docdir)" 2>/dev/null || :

# slashpackage: ROOT/package/admin/s6-rc -> this version; links in ROOT/command and ROOT/library.so
update: install
	$(if $(sphome),ln -sfn $(notdir $(prefix)) "$(DESTDIR)$(sphome)",$(error update is for --enable-slashpackage))

global-links: update
	mkdir -p "$(DESTDIR)$(sproot)/command" "$(DESTDIR)$(sproot)/library.so"
	set -e ; for tool in $(BIN_TOOLS) ; do ln -sf "$(sphome)/command/$$tool" "$(DESTDIR)$(sproot)/command/$$tool" ; done
	$(if $(SHARED),ln -sf "$(sphome)/library.so/$(SO).$(INTERFACE)" "$(DESTDIR)$(sproot)/library.so/$(SO).$(INTERFACE)")

# --- tests: a second configuration in build-check, because a tool knows where the others are installed

CHECKED := $(CURDIR)/build-check
CHECK_ROOT := $(CHECKED)/root

build-check/config.mak: config.mak $(srcdir)/configure $(wildcard $(srcdir)/package/*)
	@mkdir -p build-check
	@cd build-check && $(abspath $(srcdir))/configure $(CHECK_ARGS) --prefix=$(CHECK_ROOT) \
	  --livedir=$(CHECK_ROOT)/run/s6-rc --repodir=$(CHECK_ROOT)/repository >log || { cat log ; exit 1 ; }
	@touch $@

check-build: build-check/config.mak
	@$(MAKE) -C build-check install >build-check/log 2>&1 || { cat build-check/log >&2 ; exit 1 ; }
	@$(MAKE) -C build-check --keep-going units >build-check/units.log 2>&1 || cat build-check/units.log >&2

check: check-build
	S6RC_BUILD=$(CHECKED) sh $(srcdir)/tests/run $(TESTS)

# A unit test may use every room, also private headers ("ROOM/header.h").
units: $(UNITS) $(FUZZ_TARGETS) build/unit/faults.so
test_program = $(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -MF $@.d $(ALL_LDFLAGS) -o $@ $< $(1) \
  -Wl,--start-group $(ARCHIVES) -Wl,--end-group $(EXTERNAL) $(SOCKET_LIB) $(SPAWN_LIB) $(SYSCLOCK_LIB) $(TIMER_LIB) $(LDLIBS)
build/unit/%: $(srcdir)/tests/unit/%.c $(ARCHIVES) build/linked-with
	@mkdir -p build/unit
	$(call show,LINK $@)$(call test_program)

# --- fuzzing: a target of tests/fuzz runs what is kept as tests, or, in a third configuration, with libFuzzer's main

FUZZ_MAIN := build/obj/replay.o
build/obj/replay.o: $(srcdir)/tests/fuzz/replay.c build/compiled-with
	@mkdir -p build/obj
	$(call show,CC $@)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

build/fuzz/%: $(srcdir)/tests/fuzz/%.c $(filter build/%,$(FUZZ_MAIN)) $(ARCHIVES) build/linked-with
	@mkdir -p build/fuzz
	$(call show,LINK $@)$(call test_program,$(FUZZ_MAIN))

fuzz-targets: $(FUZZ_TARGETS)

build-fuzz/config.mak: config.mak $(srcdir)/configure $(wildcard $(srcdir)/package/*)
	@mkdir -p build-fuzz
	@cd build-fuzz && $(abspath $(srcdir))/configure CC=clang \
	  CFLAGS='-O1 -g -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all' \
	  >log || { cat log ; exit 1 ; }
	@touch $@

fuzzers: build-fuzz/config.mak
	@$(MAKE) -C build-fuzz fuzz-targets FUZZ_MAIN=-fsanitize=fuzzer

# What tests/lib/faults.sh preloads
build/unit/faults.so: $(srcdir)/tests/lib/faults.c build/linked-with
	@mkdir -p build/unit
	$(call show,LINK $@)$(CC) $(ALL_CFLAGS) $(filter-out -static -no-pie,$(ALL_LDFLAGS)) -shared -o $@ $<

# --- cleaning, packing

clean:
	rm -rf build

distclean: clean
	rm -rf build-check build-fuzz build-include
	rm -f config.mak src/include/s6-rc/config.h
	$(if $(filter-out .,$(srcdir)),rm -f Makefile)

# What is committed, or, where there is no repository, everything but what is built.
NAME := $(package)-$(version)
dist:
	@if git -C $(srcdir) rev-parse --verify -q HEAD >/dev/null 2>&1 && test -e $(srcdir)/.git ; then \
	  git -C $(srcdir) archive --format=tar --prefix=$(NAME)/ HEAD | gzip -n9 > $(NAME).tar.gz ; \
	else \
	  (cd $(srcdir) && find . \( -name .git -o -path ./build -o -path './build-*' \) -prune -o -type f \
	    ! -path ./config.mak ! -path ./src/include/s6-rc/config.h ! -name '$(NAME).tar.gz' -print | LC_ALL=C sort | \
	    tar -cf - --transform 's|^\./|$(NAME)/|' -T -) | gzip -n9 > $(NAME).tar.gz ; \
	fi
	@echo $(NAME).tar.gz

.PHONY: all objects strip install uninstall update global-links check check-build units fuzz-targets fuzzers clean distclean dist
