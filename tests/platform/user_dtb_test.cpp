#include "user_dtb.h"

#include <gtest/gtest.h>
#include <libfdt.h>

#include <string>

#include "fdt_writer.h"

namespace smmuvp::platform {
namespace {

std::vector<std::uint8_t> tree(bool with_chosen) {
  FdtWriter fdt;
  fdt.begin("");
  fdt.text("model", "mine");
  if (with_chosen) {
    fdt.begin("chosen");
    fdt.text("bootargs", "of the file");
    fdt.end();
  }
  fdt.end();
  return fdt.finish();
}

std::string bootargs(const std::vector<std::uint8_t>& blob) {
  int bytes = 0;
  const void* text = fdt_getprop(blob.data(), fdt_path_offset(blob.data(), "/chosen"), "bootargs", &bytes);
  return text == nullptr ? "" : static_cast<const char*>(text);
}

TEST(UserDeviceTree, ChosenGetsTheBootargsAndWhereTheInitramfsIs) {
  for (const bool with_chosen : {false, true}) {
    auto blob = tree(with_chosen);
    std::string error;
    ASSERT_TRUE(fill_chosen(blob, {"console=x", 0x48000000, 0x123456789a}, error)) << error;
    EXPECT_EQ(bootargs(blob), "console=x");
    int bytes = 0;
    const int node = fdt_path_offset(blob.data(), "/chosen");
    const void* end = fdt_getprop(blob.data(), node, "linux,initrd-end", &bytes);
    ASSERT_EQ(bytes, 8);
    EXPECT_EQ(fdt64_ld(static_cast<const fdt64_t*>(end)), 0x123456789aU);
  }
}

TEST(UserDeviceTree, AnInitramfsThatIsNotLoadedIsNotThere) {
  auto blob = tree(true);
  std::string error;
  ASSERT_TRUE(fill_chosen(blob, {"console=x", 0x48000000, 0x48001000}, error)) << error;
  ASSERT_TRUE(fill_chosen(blob, {"console=y", 0, 0}, error)) << error;
  const int node = fdt_path_offset(blob.data(), "/chosen");
  for (const char* name : {"linux,initrd-start", "linux,initrd-end"})
    EXPECT_EQ(fdt_getprop(blob.data(), node, name, nullptr), nullptr) << name;
  EXPECT_EQ(bootargs(blob), "console=y");
}

TEST(UserDeviceTree, WithoutBootargsTheFilesOwnStay) {
  auto blob = tree(true);
  std::string error;
  ASSERT_TRUE(fill_chosen(blob, {}, error)) << error;
  EXPECT_EQ(bootargs(blob), "of the file");
}

TEST(UserDeviceTree, AFileThatIsNoDeviceTreeIsRefused) {
  auto blob = tree(true);
  std::string error;
  for (std::size_t n = 0; n < blob.size(); ++n) {
    std::vector<std::uint8_t> cut(blob.begin(), blob.begin() + static_cast<std::ptrdiff_t>(n));
    error.clear();
    EXPECT_FALSE(fill_chosen(cut, {}, error)) << n;
    EXPECT_NE(error, "");
  }
  std::vector<std::uint8_t> large(3 << 20);
  EXPECT_FALSE(fill_chosen(large, {}, error));
}

}  // namespace
}  // namespace smmuvp::platform
