# The Debian package; with ARCH for another architecture, built by Debian's cross
# compiler with the libraries of that architecture.

ARCH =
CROSS = $(filter-out $(shell dpkg --print-architecture),$(ARCH))
DEB_PACKAGES = build-essential debhelper lintian $(if $(CROSS), \
    crossbuild-essential-$(CROSS) $(patsubst %-dev,%-dev:$(CROSS), \
    $(filter-out gcc,$(BUILD_PACKAGES))),$(BUILD_PACKAGES))
DEB = build/deb/hm-$(VERSION)
DEB_FACTS = 's/@VERSION@/$(VERSION)/; s/@DATE@/$(DATE)/; \
    s/@COPYRIGHT@/$(COPYRIGHT)/'
# The time of all that is packed: that of the commit, which is also the time of
# the files in the source archive.
ifndef SOURCE_DATE_EPOCH
SOURCE_DATE_EPOCH = $(if $(wildcard .git),$(shell git log -1 --format=%ct), \
    $(shell date -r Makefile +%s))
endif
DATE = $(shell LC_ALL=C date -uR -d @$(strip $(SOURCE_DATE_EPOCH)))
COPYRIGHT = $(shell sed -n 's/^Copyright (c) //p' LICENSE)

deb-packages:
	@.ci/packages $(DEB_PACKAGES)

# The same bytes whatever the umask, the directory and the time: dpkg sets the
# times, and without debugging information no path is in the programs. dpkg would
# replace paths, but not one with a space.
deb: deb-packages
	umask 022 && $(MAKE) --no-print-directory deb-here

deb-here:
	rm -rf build/deb
	install -d $(DEB)
	cp -R LICENSE Makefile README.md docs lib pipelines proto s6 tools $(DEB)
	cp -R s6/debian $(DEB)
	sed -i $(DEB_FACTS) $(DEB)/debian/changelog $(DEB)/debian/copyright
	sed -n '/^Permission/,$$ { s/^$$/./; s/^/ /; p }' LICENSE \
	    >>$(DEB)/debian/copyright
	chmod -R u=rwX,go=rX $(DEB)
	cd $(DEB) && DEB_BUILD_OPTIONS=noautodbgsym \
	    DEB_CFLAGS_APPEND=-g0 \
	    dpkg-buildpackage -b -us -uc $(CROSS:%=-a%) >../log 2>&1 || { cat ../log; exit 1; }
	lintian --allow-root --fail-on error,warning --show-overrides build/deb/hm_*.changes

check-package: deb
	@.ci/packages debootstrap
	@tests/package/run build/deb/hm_$(VERSION)_*.deb

# What is published: the source of the last commit, the package made of it, and
# their checksums, in build/dist.

DIST = build/dist
NAME = hm-$(VERSION)

dist-source:
	@git diff --quiet HEAD || { echo "make dist: there are changes without" \
	    "a commit; commit or stash them" >&2; exit 1; }
	rm -rf $(DIST)
	install -d $(DIST)
	git -c tar.umask=0022 archive --format=tar --prefix=$(NAME)/ HEAD | \
	    gzip -9n >$(DIST)/$(NAME).tar.gz

dist: dist-source
	tar -xzf $(DIST)/$(NAME).tar.gz -C $(DIST)
	$(MAKE) --no-print-directory -C $(DIST)/$(NAME) deb
	mv $(DIST)/$(NAME)/build/deb/hm_*.deb $(DIST)
	rm -rf $(DIST)/$(NAME)
	cd $(DIST) && LC_ALL=C sha256sum * >SHA256SUMS

check-dist: deb-packages
	@tests/package/dist

# The container; its Dockerfile asks `make build-packages` for packages

CONTAINER_PACKAGES = debootstrap podman buildah runc netavark aardvark-dns \
    iptables docker-compose iproute2 mount curl jq sqlite3 mosquitto-clients \
    procps

check-container:
	@.ci/packages $(CONTAINER_PACKAGES)
	@tests/container/run

.PHONY: deb deb-here deb-packages check-package dist dist-source check-dist \
    check-container
