# Every target is an npm script behind an up-to-date node_modules; `make` alone lists them.
# Settings are environment variables or words after the target: make generate-keys USERS="Ada Lovelace" DAYS=30
# (make hands words given that way on to the commands it runs).

SHELL := /bin/sh
.DEFAULT_GOAL := help
STAMP := node_modules/.package-lock.json

define CHECK_NODE
const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 24 || (major === 24 && minor < 15)) {
  console.error("Gatehouse needs Node 24.15 or newer, and this is " + process.version + ". See https://nodejs.org/");
  process.exit(1);
}
endef
export CHECK_NODE

.PHONY: help
help: ## Show this list
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' Makefile

.PHONY: install
install: $(STAMP) ## Install the pinned dependencies, and Node itself, below node_modules

# What npm says goes to stderr: the output of a target may be JSON that a program reads.
# Warnings about the machine's own Node are left out: npm run uses the one that is installed here.
$(STAMP): package-lock.json | npm-present
	@echo 'Installing the pinned dependencies (npm ci --ignore-scripts).' >&2
	@npm ci --ignore-scripts --loglevel=error >&2
	@# npm 9 removes the link to the pinned Node together with the package for another processor.
	@[ -e node_modules/.bin/node ] || npm rebuild --ignore-scripts --loglevel=error >&2
	@PATH="$$PWD/node_modules/.bin:$$PATH" node -e "$$CHECK_NODE" || { rm -f $@; exit 1; }
	@touch $@

.PHONY: npm-present
npm-present:
	@command -v npm >/dev/null && command -v node >/dev/null || { \
	  echo 'Node.js and npm are missing. On Debian or Ubuntu type: apt-get install nodejs npm' >&2; \
	  echo 'Elsewhere see https://nodejs.org/ (any version that runs npm: Gatehouse brings its own Node on Linux).' >&2; \
	  exit 1; }

.PHONY: generate-keys
generate-keys: $(STAMP) ## Make both authorities, the server certificate and the users (USERS KEY_TYPE DAYS HOSTS PKCS12 FORCE JSON)
	@npm run -s generate-keys

.PHONY: add-user
add-user: $(STAMP) ## Make one more user (NAME="Ada Lovelace" DAYS KEY_TYPE PKCS12 JSON)
	@npm run -s add-user

.PHONY: rotate-gate-key
rotate-gate-key: $(STAMP) ## Replace the key that signs the tokens of the gate; no session ends (SWITCH FORCE)
	@npm run -s rotate-gate-key

.PHONY: revoke
# Not the USER of the environment, who is whoever is logged in.
revoke: $(STAMP) ## Revoke a user's certificate, and see every front refuse it (USER="Grace Hopper" REASON JSON)
	@npm run -s revoke -- $(if $(filter command,$(origin USER)),"$$USER")

.PHONY: demo
demo: $(STAMP) ## Without Docker: keys, the app with direct TLS, three greetings, the end
	@npm run -s demo

.PHONY: start
start: $(STAMP) ## The same, and stay
	@npm run -s demo -- --stay

.PHONY: up
up: $(STAMP) ## With Docker: app, Apache, nginx and HAProxy, healthy, with what to try (CLIENT_CERT)
	@npm run -s up

.PHONY: down
down: $(STAMP) ## Remove all that `make up` made, except keys/ and the store (ALL=1: the store too)
	@npm run -s down

.PHONY: backup
backup: $(STAMP) ## Write all that the store knows to FILE, while the app runs or not (FILE; GATEHOUSE_DATABASE_URL)
	@npm run -s operate -- backup "$$FILE"

.PHONY: restore
restore: $(STAMP) ## Add what the backup FILE has and the store has not (FILE; GATEHOUSE_DATABASE_URL)
	@npm run -s operate -- restore "$$FILE"

.PHONY: test
test: $(STAMP) ## Check, then run every test; installs what it lacks (Debian, Ubuntu; as root)
	@npm run -s test

.PHONY: screenshots
screenshots: $(STAMP) ## Look at every page in a browser, and keep what is seen in docs/screenshots (needs root)
	@npm run -s screenshots

.PHONY: check
check: $(STAMP) ## Types, lint, format, unused code
	@npm run -s check

.PHONY: format
format: $(STAMP) ## Format, and repair what lint can repair
	@npm run -s format

.PHONY: mutation
mutation: $(STAMP) ## Remove each protecting line of the proxy files in turn: some test must fail
	@npm run -s mutation

.PHONY: bench
bench: $(STAMP) ## Measure generate-keys against the openssl command line
	@npm run -s bench

.PHONY: bench-gate
bench-gate: $(STAMP) ## Measure what the gate costs in each proxy (needs Docker)
	@npm run -s bench:gate

.PHONY: bench-revocation
bench-revocation: $(STAMP) ## Measure how soon each proxy refuses who is revoked, and what a long list costs (needs Docker)
	@npm run -s bench:revocation

.PHONY: clean
clean: ## Remove what can be made again: node_modules and test results, never keys/
	rm -rf node_modules test-results
