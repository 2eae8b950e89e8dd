#include "cpio.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

#include "digest.h"

namespace smmuvp::platform {
namespace {

std::vector<std::uint8_t> bytes(const std::string& text) { return {text.begin(), text.end()}; }

std::string output_of(const std::string& command) {
  std::FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return "popen failed";
  std::string text;
  char chunk[4096];
  while (const std::size_t n = std::fread(chunk, 1, sizeof chunk, pipe)) text.append(chunk, n);
  return pclose(pipe) == 0 ? text : "failed: " + text;
}

// Debian's cpio is the judge.
TEST(Cpio, DebiansCpioListsAndUnpacksTheArchive) {
  CpioWriter cpio;
  ASSERT_TRUE(cpio.add_file("/init", 0755, bytes("poweroff\n")));
  ASSERT_TRUE(cpio.add_file("/lib/modules/a.ko", 0644, bytes("abc")));
  ASSERT_TRUE(cpio.add_file("/lib/modules/b.ko", 0644, {}));
  const auto archive = cpio.finish();
  EXPECT_EQ(archive.size() % 512, 0u);

  char folder[] = "/tmp/cpio-test-XXXXXX";
  ASSERT_NE(mkdtemp(folder), nullptr);
  const std::string in = std::string("cd ") + folder + " && ";
  std::ofstream(std::string(folder) + "/a.cpio", std::ios::binary)
      .write(reinterpret_cast<const char*>(archive.data()), static_cast<std::streamsize>(archive.size()));
  EXPECT_EQ(output_of(in + "cpio -it --quiet < a.cpio 2>&1"),
            "init\nlib\nlib/modules\nlib/modules/a.ko\nlib/modules/b.ko\n");
  EXPECT_EQ(output_of(in + "cpio -id --quiet < a.cpio 2>&1 && cat init lib/modules/a.ko && stat -c %a init "
                           "lib/modules/a.ko lib"),
            "poweroff\nabc755\n644\n755\n");
  EXPECT_EQ(output_of(std::string("rm -r ") + folder), "");
}

TEST(Cpio, PathsThatCannotBeAreRefused) {
  CpioWriter cpio;
  for (const char* path : {"", "/", "init", "/a//b", "/a/", "/../a", "/a/./b"})
    EXPECT_FALSE(cpio.add_file(path, 0644, {})) << path;
  std::string longest;
  for (int i = 0; i < 64; ++i) longest += "/" + std::string(63, 'd');
  ASSERT_EQ(longest.size(), 4096u);
  EXPECT_TRUE(cpio.add_file(longest, 0644, {}));
  longest.back() = '/';
  EXPECT_FALSE(cpio.add_file(longest + "ee", 0644, {})) << "4097 bytes";
  EXPECT_TRUE(cpio.add_file("/a/b", 0644, {}));
  EXPECT_FALSE(cpio.add_file("/a/b", 0644, {}));
  EXPECT_FALSE(cpio.add_file("/a", 0644, {}));
}

TEST(Digest, DependsOnConsoleEventsAndEveryByteOfMemory) {
  std::vector<std::uint8_t> memory(4096 * 5 + 100);
  Sha256 events;
  const auto digest = [&](const std::string& console) {
    Sha256 hash;
    hash.update(console);
    Sha256 of_memory;
    return run_digest(hash, events, {{0x1000, memory.data(), memory.size()}}, of_memory);
  };
  const std::string base = digest("a");
  EXPECT_EQ(digest("a"), base);
  EXPECT_NE(digest("b"), base);
  for (const std::size_t at : {std::size_t{0}, std::size_t{4095}, std::size_t{4096}, memory.size() - 1}) {
    memory[at] = 1;
    EXPECT_NE(digest("a"), base) << at;
    memory[at] = 0;
    EXPECT_EQ(digest("a"), base) << at;
  }
  // The same content in another page is another memory.
  memory[0] = 1;
  const std::string first = digest("a");
  memory[0] = 0;
  memory[4096] = 1;
  EXPECT_NE(digest("a"), first);
  memory[4096] = 0;
  events.update("event");
  EXPECT_NE(digest("a"), base);
}

}  // namespace
}  // namespace smmuvp::platform
