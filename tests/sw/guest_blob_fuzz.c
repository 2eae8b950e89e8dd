/* Mutates what the guest reads and gives it to the guest's reader, under the sanitizers.
 *
 * usage: guest_blob_fuzz KIND ROUNDS FILE
 * KIND is of the table below: fdt reads a blob; tree also makes the nodes, and reads all of their properties;
 * cpio is an archive; script one of the shell's; editor what is typed; ktap names of results.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int fdt_fuzz_one(const uint8_t* data, size_t size);
int tree_fuzz_one(const uint8_t* data, size_t size);
int cpio_fuzz_one(const uint8_t* data, size_t size);
int script_fuzz_one(const uint8_t* data, size_t size);
int editor_fuzz_one(const uint8_t* data, size_t size);
int ktap_fuzz_one(const uint8_t* data, size_t size);

typedef int (*target)(const uint8_t* data, size_t size);
static const struct {
  const char* name;
  target one;
} kinds[] = {{"fdt", fdt_fuzz_one},       {"tree", tree_fuzz_one},     {"cpio", cpio_fuzz_one},
             {"script", script_fuzz_one}, {"editor", editor_fuzz_one}, {"ktap", ktap_fuzz_one}};

static target find(const char* name) {
  for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); ++i) {
    if (strcmp(kinds[i].name, name) == 0) return kinds[i].one;
  }
  return NULL;
}

static uint64_t state = 0x9e3779b97f4a7c15u;

static uint64_t rnd(uint64_t limit) {
  state ^= state >> 12;
  state ^= state << 25;
  state ^= state >> 27;
  return (state * 0x2545f4914f6cdd1du >> 16) % limit;
}

static void mutate(uint8_t* data, size_t* size) {
  static const uint32_t edges[] = {0,  1,          2,          3,          4,          8,         9,
                                   16, 0x7fffffff, 0x80000000, 0xfffffff8, 0xfffffffd, 0xffffffff};
  for (uint64_t n = 1 + rnd(4); n > 0; --n) {
    switch (rnd(5)) {
      case 0:
        data[rnd(*size)] = (uint8_t)rnd(256);
        break;
      case 1: {  // a big-endian cell
        const size_t at = (size_t)rnd(*size / 4) * 4;
        uint32_t v = edges[rnd(sizeof(edges) / sizeof(edges[0]))];
        if (rnd(3) == 0) v = (uint32_t)rnd(*size + 8);
        for (int i = 3; i >= 0; --i, v >>= 8) data[at + (size_t)i] = (uint8_t)v;
        break;
      }
      case 2: {  // hexadecimal digits
        const size_t at = (size_t)rnd(*size - 8);
        for (size_t i = 0; i < 8; ++i) data[at + i] = (uint8_t) "00fF81g7"[rnd(8)];
        break;
      }
      case 3: {  // what a terminal, a shell or a path takes for something else
        static const char marks[] = "\0\t\n\r\x1b\x03\x7f\x80\xff \"'\\#-/.[;~";
        data[rnd(*size)] = (uint8_t)marks[rnd(sizeof(marks) - 1)];
        break;
      }
      default:
        if (rnd(8) == 0) *size = 48 + (size_t)rnd(*size - 47);
    }
  }
}

int main(int argc, char** argv) {
  const target one = argc == 4 ? find(argv[1]) : NULL;
  if (!one) {
    fprintf(stderr, "usage: %s fdt|tree|cpio|script|editor|ktap ROUNDS FILE\n", argv[0]);
    return 2;
  }
  FILE* file = fopen(argv[3], "rb");
  if (!file) {
    perror(argv[3]);
    return 2;
  }
  fseek(file, 0, SEEK_END);
  const size_t size = (size_t)ftell(file);
  rewind(file);
  uint8_t* original = malloc(size);
  if (fread(original, 1, size, file) != size) return 2;
  fclose(file);
  if (!one(original, size)) {
    fprintf(stderr, "%s: the undamaged file is refused\n", argv[3]);
    return 1;
  }
  unsigned long accepted = 0;
  const long rounds = atol(argv[2]);
  uint8_t* copy = malloc(size);
  for (long i = 0; i < rounds; ++i) {
    size_t length = size;
    memcpy(copy, original, size);
    mutate(copy, &length);
    // A heap block of exactly this size: a byte too far is seen.
    uint8_t* exact = malloc(length);
    memcpy(exact, copy, length);
    accepted += one(exact, length) != 0;
    free(exact);
  }
  free(copy);
  free(original);
  printf("%s: %lu of %ld accepted\n", argv[1], accepted, rounds);
  return 0;
}
