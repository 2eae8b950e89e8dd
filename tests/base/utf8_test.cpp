#include "smmuvp/base/utf8.h"

#include <gtest/gtest.h>

#include <string>

namespace smmuvp {
namespace {

TEST(Utf8, WellFormedTextStaysAndIllFormedBytesAreReplaced) {
  const std::string good = "a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80";
  EXPECT_EQ(to_valid_utf8(good), good);
  const std::string r = "\xef\xbf\xbd";
  EXPECT_EQ(to_valid_utf8("\xff"), r);
  EXPECT_EQ(to_valid_utf8("\xc0\xaf"), r + r);                  // overlong
  EXPECT_EQ(to_valid_utf8("\xed\xa0\x80"), r + r + r);          // surrogate
  EXPECT_EQ(to_valid_utf8("\xf4\x90\x80\x80"), r + r + r + r);  // above U+10FFFF
  EXPECT_EQ(to_valid_utf8("\xe2\x82"), r + r);                  // cut off
}

TEST(Printable, TextOfEveryLanguageStays) {
  const std::string text = "ram dump/M\xc3\xa4rz \xe2\x82\xac \xf0\x9f\x98\x80 'a\\b'";
  EXPECT_EQ(printable(text), text);
}

TEST(Printable, NothingThatATerminalObeysIsLeft) {
  EXPECT_EQ(printable("a\x1b[2Jb"), "a\\x1b[2Jb");
  EXPECT_EQ(printable("\r\n\t\x7f"), "\\x0d\\x0a\\x09\\x7f");
  EXPECT_EQ(printable(std::string(1, '\0')), "\\x00");
  EXPECT_EQ(printable("\xc2\x9b"
                      "2J"),
            "\\u009b2J");
  EXPECT_EQ(printable("\x9b"
                      "2J\xc2"),
            "\\x9b2J\\xc2");
  EXPECT_EQ(printable("\xc2\xa0"), "\xc2\xa0");
}

TEST(Printable, LineBreaksOfAMessageCanBeKept) {
  EXPECT_EQ(printable("a\n\x1b\r\n", "\n"), "a\n\\x1b\\x0d\n");
}

}  // namespace
}  // namespace smmuvp
