// SPDX-License-Identifier: MIT
/* Makes patterns, parameters and lines of modprobe.conf, and gives them to the guest's readers, under the
 * sanitizers. The C library's fnmatch() says which patterns match.
 *
 * usage: module_text_fuzz ROUNDS
 *
 * Deterministic: the same argument gives the same texts.
 */
#include <fnmatch.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool alias_match(const char* pattern, const char* s);
void params_fuzz_one(const char* text);
void conf_fuzz_one(const char* text, size_t size);

static uint64_t state = 0x9e3779b97f4a7c15u;

static uint64_t rnd(uint64_t limit) {
  state ^= state >> 12;
  state ^= state << 25;
  state ^= state >> 27;
  return (state * 0x2545f4914f6cdd1du >> 16) % limit;
}

/* A heap block of exactly the text's size: a byte too far is seen. */
static char* text_of(const char* alphabet, size_t longest) {
  const size_t n = rnd(longest + 1);
  char* s = malloc(n + 1);
  for (size_t i = 0; i < n; ++i) s[i] = alphabet[rnd(strlen(alphabet))];
  s[n] = 0;
  return s;
}

/* '-' stands in closed brackets only: elsewhere it is '_', which fnmatch() does not know. */
static char* pattern_of(void) {
  static const char* const pieces[] = {"a", "b",  "c",     "_",      "*",      "?",    "[",    "]",  "!",
                                       "^", "\\", "[a-b]", "[!a-b]", "[^_-c]", "[]a]", "[a-]", "[*]"};
  char text[96] = "";
  for (uint64_t n = rnd(9); n > 0; --n) strcat(text, pieces[rnd(sizeof(pieces) / sizeof(pieces[0]))]);
  char* exact = malloc(strlen(text) + 1);
  return strcpy(exact, text);
}

/* What is undefined in fnmatch(): a backslash at the end, or behind a bracket that nothing closes. */
static bool comparable(const char* pattern) { return !strchr(pattern, '\\') || !strchr(pattern, '['); }

static bool ends_in_backslash(const char* pattern) {
  size_t n = strlen(pattern), slashes = 0;
  while (n > slashes && pattern[n - 1 - slashes] == '\\') ++slashes;
  return slashes % 2;
}

static unsigned long compare_aliases(long rounds) {
  unsigned long matches = 0;
  for (long i = 0; i < rounds; ++i) {
    char* pattern = pattern_of();
    char* s = text_of("abc_[]!^\\", 8);
    const bool ours = alias_match(pattern, s), theirs = fnmatch(pattern, s, 0) == 0;
    if (comparable(pattern) && !ends_in_backslash(pattern) && ours != theirs) {
      fprintf(stderr, "'%s' and '%s': %d, fnmatch() says %d\n", pattern, s, ours, theirs);
      exit(1);
    }
    matches += ours;
    free(pattern);
    free(s);
  }
  return matches;
}

int main(int argc, char** argv) {
  if (argc != 2) {
    fprintf(stderr, "usage: %s ROUNDS\n", argv[0]);
    return 2;
  }
  const long rounds = atol(argv[1]);
  const unsigned long matches = compare_aliases(rounds);
  for (long i = 0; i < rounds / 4; ++i) {
    char* arguments = text_of("abc=\"_- 01\t\n", 24);
    params_fuzz_one(arguments);
    free(arguments);
  }
  static const char* const words[] = {
      "alias ", "options ", "blacklist ", "softdep ", "pre: ", "post: ", "a ", "b\n",
      "#",      "\\\n",     " ",          "\t",       "\n",    "\\",     "\0"};
  for (long i = 0; i < rounds / 4; ++i) {
    char text[256] = "";
    size_t size = 0;
    for (uint64_t n = rnd(16); n > 0; --n) {
      const char* word = words[rnd(sizeof(words) / sizeof(words[0]))];
      const size_t length = *word ? strlen(word) : 1;
      memcpy(text + size, word, length);
      size += length;
    }
    char* exact = malloc(size + 1);
    memcpy(exact, text, size);
    exact = realloc(exact, size ? size : 1);
    conf_fuzz_one(exact, size);
    free(exact);
  }
  printf("%lu of %ld patterns matched\n", matches, rounds);
  return matches > 0 ? 0 : 1;
}
