// Framing of the remote protocol, and numbers in it.
#include <gtest/gtest.h>

#include "gdb_packet.h"

namespace smmuvp::platform {
namespace {

using Event = GdbPacketReader::Event;

std::vector<Event> read(GdbPacketReader& reader, const std::string& bytes) {
  std::vector<Event> events;
  for (const char c : bytes) {
    const Event event = reader.take(static_cast<std::uint8_t>(c));
    if (event != Event::Nothing) events.push_back(event);
  }
  return events;
}

TEST(GdbPacket, EndsAtItsChecksum) {
  GdbPacketReader reader;
  EXPECT_EQ(read(reader, "$m4000,8#c"), std::vector<Event>{});
  EXPECT_EQ(read(reader, "c"), std::vector<Event>{Event::Damaged});
  EXPECT_EQ(read(reader, "$OK#9a"), std::vector<Event>{Event::Packet});
  EXPECT_EQ(reader.payload(), "OK");
  EXPECT_EQ(read(reader, "$OK#9A"), std::vector<Event>{Event::Packet});
  EXPECT_EQ(read(reader, "$#00"), std::vector<Event>{Event::Packet});
  EXPECT_EQ(reader.payload(), "");
}

TEST(GdbPacket, WithAChecksumThatIsNoNumberIsDamaged) {
  GdbPacketReader reader;
  EXPECT_EQ(read(reader, "$OK#zz"), std::vector<Event>{Event::Damaged});
  EXPECT_EQ(read(reader, "$OK#9-"), std::vector<Event>{Event::Damaged});
}

TEST(GdbPacket, HasItsEscapesResolvedAndMade) {
  const std::string payload("a$b#c}d*e\x03\x00", 11);
  GdbPacketReader reader;
  EXPECT_EQ(read(reader, gdb_frame(payload)), std::vector<Event>{Event::Packet});
  EXPECT_EQ(reader.payload(), payload);
}

TEST(GdbPacket, ThatIsTooLongIsDamagedAndTheNextOneIsNot) {
  GdbPacketReader reader;
  EXPECT_EQ(read(reader, gdb_frame(std::string(gdb_packet_size + 1, 'x'))),
            std::vector<Event>{Event::Damaged});
  EXPECT_EQ(reader.payload().size(), gdb_packet_size);
  EXPECT_EQ(read(reader, gdb_frame(std::string(gdb_packet_size, 'x'))), std::vector<Event>{Event::Packet});
}

TEST(GdbPacket, ThatIsCutOffIsForgottenWhenTheNextOneStarts) {
  GdbPacketReader reader;
  EXPECT_EQ(read(reader, "$m40$OK#9a"), std::vector<Event>{Event::Packet});
  EXPECT_EQ(reader.payload(), "OK");
}

TEST(GdbPacket, InterruptAndNackCountBetweenPacketsOnly) {
  GdbPacketReader reader;
  EXPECT_EQ(read(reader, "+\x03-"), (std::vector<Event>{Event::Interrupt, Event::Nack}));
  EXPECT_EQ(read(reader, "$\x03-#30"), std::vector<Event>{Event::Packet});
}

TEST(GdbNumbers, AreHexadecimalAndNothingElse) {
  EXPECT_EQ(parse_hex("ffffFFFFffffffff"), ~std::uint64_t{0});
  for (const char* wrong : {"", "0x1", "-1", " 1", "1 ", "10000000000000000", "g"}) {
    EXPECT_FALSE(parse_hex(wrong)) << wrong;
  }
  EXPECT_EQ(from_hex("00ffA5"), std::string("\x00\xff\xa5", 3));
  EXPECT_FALSE(from_hex("0"));
  EXPECT_FALSE(from_hex("0x"));
  EXPECT_EQ(to_hex(std::string("\x00\xff", 2)), "00ff");
}

}  // namespace
}  // namespace smmuvp::platform
