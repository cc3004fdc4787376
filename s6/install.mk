# Install, and uninstall: settings and data stay.

UNITDIR = $(PREFIX)/lib/systemd/system
SYSUSERSDIR = $(PREFIX)/lib/sysusers.d
BINDIR = $(DESTDIR)$(PREFIX)/bin
MANDIR = $(DESTDIR)$(PREFIX)/share/man
SHAREDIR = $(DESTDIR)$(PREFIX)/share/hm
DOCDIR = $(DESTDIR)$(PREFIX)/share/doc/hm
ETCDIR = $(DESTDIR)$(SYSCONFDIR)/hm

# The files of the chain: not those for containers, packages and systemd.
CHAIN = $(shell find s6 \( -name container -o -name debian -o -name systemd \
    -o -name '*.mk' \) -prune -o -type f -print)
# A chain that 0.1.0 started has links into s6/scan for each of these.
TAKEN_OVER = pipes $(filter-out subscribe, \
    $(shell sed -n 's/^hm-//p' s6/chain))
PLACES = 's,@PREFIX@,$(PREFIX),g; s,@SYSCONFDIR@,$(SYSCONFDIR),g'

# The leaves of the tree that `make uninstall` prunes, and the directories where
# it stops: those that are not ours, even if they are empty.
LEAVES = $(BINDIR) $(MANDIR)/man1 $(MANDIR)/man7 $(dir $(DOCDIR)) \
    $(DESTDIR)$(UNITDIR) $(DESTDIR)$(SYSUSERSDIR) $(ETCDIR)
BASES = $(or $(DESTDIR),/ /etc /lib /opt /usr $(foreach prefix,/usr /usr/local, \
    $(addprefix $(prefix),/ /bin /lib /share /share/doc /share/man)) \
    $(dir $(PREFIX)) $(dir $(SYSCONFDIR)))

install: all
	install -d $(BINDIR) $(MANDIR)/man1 $(MANDIR)/man7 $(SHAREDIR)/pipelines
	install -m 755 $(TOOLS:%=$(BIN)/%) $(BINDIR)
	install -m 644 $(wildcard docs/man/*.1) $(MANDIR)/man1
	install -m 644 $(wildcard docs/man/*.7) $(MANDIR)/man7
	install -m 755 $(filter-out pipelines/run %.jq %.sql,$(wildcard pipelines/*)) \
	    $(SHAREDIR)/pipelines
	install -m 644 $(wildcard pipelines/*.jq pipelines/*.sql) $(SHAREDIR)/pipelines
	install -d $(SHAREDIR)/fleet
	install -m 644 $(wildcard docs/fleet/*) $(SHAREDIR)/fleet
	install -d $(DOCDIR)/prometheus $(DOCDIR)/examples
	install -m 644 $(wildcard docs/*.md) docs/hoymiles.yaml $(DOCDIR)
	install -m 644 $(wildcard docs/prometheus/*) $(DOCDIR)/prometheus
	for file in $(CHAIN); do \
	    mode=644; [ ! -x $$file ] || mode=755; \
	    install -D -m $$mode $$file $(SHAREDIR)/$$file || exit; done
	cd $(SHAREDIR)/s6/scan && for service in $(TAKEN_OVER); do \
	    install -d $$service/log && \
	    ln -sf ../takeover $$service/run && \
	    ln -sf ../takeover $$service/finish && \
	    ln -sf -t $$service $(addprefix ../../service/, \
	    notification-fd timeout-kill) && \
	    ln -sf -t $$service/log $(addprefix ../../../service/log/, \
	    notification-fd run) || exit; done
	install -d $(DESTDIR)$(UNITDIR) $(DESTDIR)$(SYSUSERSDIR)
	sed $(PLACES) s6/systemd/hm.service >$(DESTDIR)$(UNITDIR)/hm.service
	chmod 644 $(DESTDIR)$(UNITDIR)/hm.service
	install -m 644 s6/systemd/hm.sysusers $(DESTDIR)$(SYSUSERSDIR)/hm.conf
	sed $(PLACES) docs/hm.cron >$(DOCDIR)/examples/hm.cron
	chmod 644 $(DOCDIR)/examples/hm.cron
	install -d $(ETCDIR)
	if [ ! -e $(ETCDIR)/hoymiles.yaml ]; then \
	    install -m 640 docs/hoymiles.yaml $(ETCDIR); \
	elif ! cmp -s docs/hoymiles.yaml $(ETCDIR)/hoymiles.yaml; then \
	    install -m 640 docs/hoymiles.yaml $(ETCDIR)/hoymiles.yaml.new; \
	fi
	@[ -n "$(DESTDIR)" ] || [ "$$(id -u)" -ne 0 ] || \
	    $(MAKE) -s --no-print-directory account

# Without DESTDIR, root also makes the user hm and lets it read the settings.
account:
	getent passwd hm >/dev/null || \
	    systemd-sysusers $(SYSUSERSDIR)/hm.conf || \
	    useradd --system --user-group --home-dir /var/lib/hm \
	    --shell /usr/sbin/nologin hm
	chgrp hm $(ETCDIR) $(ETCDIR)/hoymiles.yaml*
	chmod 750 $(ETCDIR)

uninstall:
	rm -f $(TOOLS:%=$(BINDIR)/%)
	rm -f $(patsubst docs/man/%,$(MANDIR)/man1/%,$(wildcard docs/man/*.1))
	rm -f $(patsubst docs/man/%,$(MANDIR)/man7/%,$(wildcard docs/man/*.7))
	rm -rf $(SHAREDIR) $(DOCDIR)
	rm -f $(DESTDIR)$(UNITDIR)/hm.service $(DESTDIR)$(SYSUSERSDIR)/hm.conf
	rm -f $(ETCDIR)/hoymiles.yaml.new
	for directory in $(LEAVES:%/=%); do \
	    while case ' $(BASES:%/=%) ' in *" $$directory "*) false ;; esac && \
	        rmdir "$$directory" 2>/dev/null; do \
	        directory=$${directory%/*}; done; done

.PHONY: install account uninstall
