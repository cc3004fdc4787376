# The Debian package; with ARCH for another architecture, built by Debian's cross
# compiler with the libraries of that architecture.

ARCH =
CROSS = $(filter-out $(shell dpkg --print-architecture),$(ARCH))
DEB_PACKAGES = build-essential debhelper lintian $(if $(CROSS), \
    crossbuild-essential-$(CROSS) $(patsubst lib%-dev,lib%-dev:$(CROSS), \
    $(filter-out gcc,$(BUILD_PACKAGES))),$(BUILD_PACKAGES))
DEB = build/deb/hm-$(VERSION)
DEB_FACTS = 's/@VERSION@/$(VERSION)/; s/@DATE@/$(DATE)/; \
    s/@COPYRIGHT@/$(COPYRIGHT)/'
DATE = $(shell git log -1 --format=%aD 2>/dev/null || date -R)
COPYRIGHT = $(shell sed -n 's/^Copyright (c) //p' LICENSE)

deb-packages:
	@.ci/packages $(DEB_PACKAGES)

deb: deb-packages
	rm -rf build/deb
	install -d $(DEB)
	cp -R LICENSE Makefile README.md docs lib pipelines proto s6 tools $(DEB)
	cp -R s6/debian $(DEB)
	sed -i $(DEB_FACTS) $(DEB)/debian/changelog $(DEB)/debian/copyright
	sed -n '/^Permission/,$$ { s/^$$/./; s/^/ /; p }' LICENSE \
	    >>$(DEB)/debian/copyright
	cd $(DEB) && DEB_BUILD_OPTIONS=noautodbgsym \
	    dpkg-buildpackage -b -us -uc $(CROSS:%=-a%) >../log 2>&1 || { cat ../log; exit 1; }
	lintian --allow-root --fail-on error,warning --show-overrides build/deb/hm_*.changes

check-package: deb
	@.ci/packages debootstrap
	@tests/package/run build/deb/hm_$(VERSION)_*.deb

# The container; its Dockerfile asks `make build-packages` for packages

CONTAINER_PACKAGES = debootstrap podman buildah runc netavark aardvark-dns \
    iptables docker-compose iproute2 mount curl jq sqlite3 mosquitto-clients \
    procps

check-container:
	@.ci/packages $(CONTAINER_PACKAGES)
	@tests/container/run

.PHONY: deb deb-packages check-package check-container
