# Graticule for those who have Rust, make, git and apt: `make help` tells what there is.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

CARGO ?= cargo
LISTEN ?= 127.0.0.1:8080
TARGET := $(or $(CARGO_TARGET_DIR),target)
MAP := templates/static/node_modules/leaflet/dist/leaflet.js

# Debian packages by the command that they bring, or by their own name where they bring none.
BUILD_COMMANDS := gcc:gcc g++:g++ pkg-config:pkg-config npm:npm
BUILD_PACKAGES := libgdal-dev libsqlite3-dev libzstd-dev
TEST_PACKAGES := postgresql-postgis python3-owslib
TEST_COMMANDS := xmllint:libxml2-utils ogrinfo:gdal-bin sqlite3:sqlite3 /usr/sbin/nginx:nginx-light redis-server:redis-server chromium:chromium

# Installs what is missing of $(1), commands, and $(2), packages; npm alone may stay missing.
define install
	missing=()
	for pair in $(1); do command -v "$${pair%%:*}" >/dev/null || missing+=("$${pair##*:}"); done
	for package in $(2); do
		[ "$$(dpkg-query -W -f '$${db:Status-Status}' "$$package" 2>/dev/null)" = installed ] || missing+=("$$package")
	done
	if [ "$${#missing[@]}" -gt 0 ]; then
		echo "Installing $${missing[*]}"
		sudo=(); [ "$$(id -u)" = 0 ] || sudo=(sudo)
		apt=("$${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -y -q)
		"$${apt[@]}" update </dev/null || echo "warning: apt-get update failed" >&2
		needed=(); for package in "$${missing[@]}"; do [ "$$package" = npm ] || needed+=("$$package"); done
		[ "$${#needed[@]}" = 0 ] || "$${apt[@]}" install --no-install-recommends "$${needed[@]}" </dev/null
		if [ "$${#needed[@]}" != "$${#missing[@]}" ]; then
			"$${apt[@]}" install --no-install-recommends nodejs npm </dev/null || true
		fi
	fi
endef

.ONESHELL:
.PHONY: help run build setup setup-test schemas map test properties lint bless bench count-filters count-codings soak fuzz conformance

help: ## Tell what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

run: build ## Install what is missing, build, serve the sample data; ARGS="my.gpkg --log info" and LISTEN=ADDRESS:PORT change what and where
	@exec "$(TARGET)/debug/graticule" serve --listen "$(LISTEN)" $(ARGS)

build: setup ## Build the binary, target/debug/graticule
	@$(CARGO) build --locked

setup: ## Install what is missing to build, and the map library of the pages
	@$(call install,$(BUILD_COMMANDS),$(BUILD_PACKAGES))
	$(MAKE) --no-print-directory map

# npm ci only where there is no map library of the lock file's state yet: an idle run touches nothing.
map:
	@cd templates/static
	if [ -f node_modules/.package-lock.json ] && [ ! package-lock.json -nt node_modules/.package-lock.json ]; then exit 0; fi
	if ! command -v npm >/dev/null; then
		echo "warning: npm is missing, so the pages will have no map; all else works" >&2
	elif ! npm ci --no-audit --no-fund </dev/null; then
		echo "warning: npm could not get the map library, so the pages will have no map; all else works" >&2
	fi

setup-test: setup
	@$(call install,$(TEST_COMMANDS),$(TEST_PACKAGES))
	$(MAKE) --no-print-directory schemas

# The OGC's published schemas, by which answers are validated; those tests say that they are skipped without them. They lead to
# each other by files, for xmllint takes what has two addresses for two.
schemas:
	@folder="$$(realpath -m "$(TARGET)/ogc-schemas")"
	# Moved with its tree, it would lead to where it was.
	if [ "$$(cat "$$folder/place" 2>/dev/null)" = "$$folder" ]; then exit 0; fi
	if ! command -v mvn >/dev/null; then
		echo "warning: mvn is missing, so no answer will be validated against the OGC's schemas; all else is tested" >&2
		exit 0
	fi
	draft=$$(mktemp -d)
	trap 'rm -rf "$$draft"' EXIT
	if ! mvn -q -B -f tests/services/schemas/pom.xml dependency:copy-dependencies -DoutputDirectory="$$draft" </dev/null; then
		echo "warning: mvn could not get the OGC's schemas; all else is tested" >&2
		exit 0
	fi
	(cd "$$draft" && python3 -m zipfile -e ogc-schemas-*.jar all)
	mkdir -p "$$draft/made"
	mv "$$draft/all/ogc" "$$draft/all/isotc211" "$$draft/made"
	cp tests/services/schemas/*.xsd "$$draft/made"
	find "$$draft/made" -name '*.xsd' -print0 | xargs -0 sed -i -E \
		-e "s#http://schemas.opengis.net/([^\"' ]*\.xsd)#file://$$folder/ogc/\1#g" \
		-e "s#https?://www.isotc211.org/2005/([^\"' ]*\.xsd)#file://$$folder/isotc211/2005/\1#g" \
		-e "s#http://www.w3.org/1999/xlink.xsd#file://$$folder/xlink.xsd#g; s#http://www.w3.org/2001/xml.xsd#file://$$folder/xml.xsd#g"
	echo "$$folder" >"$$draft/made/place"
	rm -rf "$$folder"
	mkdir -p "$$(dirname "$$folder")"
	mv "$$draft/made" "$$folder"

# The random cases of the property tests are the same in each run; `make properties` looks at others.
test: export PROPTEST_RNG_SEED ?= 1
test: setup-test ## Install what is missing to test, and run every test
	@$(CARGO) test --locked
	# A second SQLite in the binary, beside the one of libgdal, would crash the process.
	$(CARGO) build --locked --bin graticule
	if nm -D --defined-only "$(TARGET)/debug/graticule" | grep sqlite3_; then
		echo "the binary has an SQLite of its own, which crashes beside libgdal's" >&2
		exit 1
	fi

properties: setup-test ## Try the property tests with other random cases than `make test` does, ROUNDS (5) times
	@for round in $$(seq $(or $(ROUNDS),5)); do
		export PROPTEST_RNG_SEED=$$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')
		echo "PROPTEST_RNG_SEED=$$PROPTEST_RNG_SEED"
		$(CARGO) test --locked --lib --test integration --test plugins --test postgis
	done

lint: setup ## Check form and style as CI does
	@$(CARGO) fmt --check
	$(CARGO) clippy --locked --all-targets -- -D warnings

bless: setup-test ## Renew the golden files; look at the difference before you commit it
	@BLESS=1 $(CARGO) test --locked

bench: setup ## Measure the hot paths
	@$(CARGO) bench --locked

count-filters: setup ## Count the instructions that three empty filters cost on a page of 100 features
	@$(call install,valgrind:valgrind,)
	program=$$($(CARGO) bench --locked --bench filters --no-run 2>&1 | grep -o "$(TARGET)/release/deps/filters-[0-9a-f]*")
	count() {
		REQUESTS=$$1 FILTERS=$$2 valgrind --tool=callgrind --callgrind-out-file=/dev/null "$$program" 2>&1 \
			| awk '/Collected/ { print $$NF }'
	}
	# The difference of two runs is what requests cost, without the start.
	none=$$(( ($$(count 400 0) - $$(count 100 0)) / 300 )); three=$$(( ($$(count 400 3) - $$(count 100 3)) / 300 ))
	echo "instructions a request: $$none without filters, $$three with three"

count-codings: setup ## Count the instructions of a page of 100 features, plain and in each content coding
	@$(call install,valgrind:valgrind,)
	program=$$($(CARGO) bench --locked --bench filters --no-run 2>&1 | grep -o "$(TARGET)/release/deps/filters-[0-9a-f]*")
	count() {
		CODING=$$1 REQUESTS=$$2 valgrind --tool=callgrind --callgrind-out-file=/dev/null "$$program" 2>&1 \
			| awk '/Collected/ { print $$NF }'
	}
	for coding in identity zstd br gzip; do
		echo "$$coding: $$(( ($$(count $$coding 300) - $$(count $$coding 100)) / 200 )) instructions a request"
	done

soak: setup ## Let 64 connections of every temper at a server with filters and policies, for SECONDS (300)
	@SECONDS_OF_SOAK=$(or $(SECONDS),300) $(CARGO) bench --locked --bench soak

fuzz: setup ## Throw changed requests at the parsers, for SECONDS (600) each of XML and of keys and values
	@SECONDS_OF_FUZZ=$(or $(SECONDS),600) $(CARGO) bench --locked --bench fuzz

conformance: setup-test ## Check any server against OGC API Features Parts 1, 2, 3 and 5 and CQL2: make conformance URL=http://127.0.0.1:8080/ogcapi
	@[ -n "$(URL)" ] || { echo "say which server: make conformance URL=http://127.0.0.1:8080/ogcapi" >&2; exit 2; }
	GRATICULE_CONFORMANCE_URL="$(URL)" $(CARGO) test --locked --test conformance
