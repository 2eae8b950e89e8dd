// Register accesses through the socket of the SystemC module.
#include <algorithm>
#include <cstring>

#include "shell_bench.h"
#include "smmuvp/tlm/compare_swap_extension.h"

namespace smmuvp::shell {
namespace {

TEST_F(Shell, ARegisterAccessBeyondTheWindowIsAnAddressError) {
  Bench& b = bench();
  tlm::tlm_generic_payload p;
  std::uint32_t v = 0;
  p.set_command(tlm::TLM_READ_COMMAND);
  p.set_address(0x1fffe);
  p.set_data_ptr(reinterpret_cast<unsigned char*>(&v));
  p.set_data_length(4);
  p.set_streaming_width(4);
  sc_time d;
  b.cpu->b_transport(p, d);
  EXPECT_EQ(p.get_response_status(), tlm::TLM_ADDRESS_ERROR_RESPONSE);
}

TEST_F(Shell, ARegisterTakesNoCompareAndSwapAndNoPartOfAWord) {
  Bench& b = bench();
  const std::uint64_t before = b.reg(0x28);
  std::uint64_t data = 0;
  tlm::tlm_generic_payload p;
  p.set_address(0x28);
  p.set_data_ptr(reinterpret_cast<unsigned char*>(&data));
  const auto send = [&](tlm::tlm_command command, unsigned bytes) {
    sc_time d;
    p.set_command(command);
    p.set_data_length(bytes);
    p.set_streaming_width(bytes);
    p.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
    b.cpu->b_transport(p, d);
    return p.get_response_status();
  };
  CompareSwapExtension swap;
  p.set_extension(&swap);
  EXPECT_EQ(send(tlm::TLM_WRITE_COMMAND, 4), tlm::TLM_COMMAND_ERROR_RESPONSE);
  p.clear_extension(&swap);
  for (unsigned bytes : {1U, 2U, 3U}) {  // IHI 0070 6.2: RAZ/WI
    EXPECT_EQ(send(tlm::TLM_WRITE_COMMAND, bytes), tlm::TLM_OK_RESPONSE);
    data = 0x55;
    EXPECT_EQ(send(tlm::TLM_READ_COMMAND, bytes), tlm::TLM_OK_RESPONSE);
    EXPECT_EQ(data, 0U);
  }
  unsigned char enables[4] = {0xff, 0xff, 0, 0};
  p.set_byte_enable_ptr(enables);
  p.set_byte_enable_length(4);
  EXPECT_EQ(send(tlm::TLM_WRITE_COMMAND, 4), tlm::TLM_OK_RESPONSE);
  EXPECT_EQ(b.reg(0x28), before);
  enables[2] = enables[3] = 0xff;
  data = 0;
  EXPECT_EQ(send(tlm::TLM_READ_COMMAND, 4), tlm::TLM_OK_RESPONSE);
  EXPECT_EQ(data, before) << "all bytes enabled is a whole access";
  p.set_byte_enable_ptr(nullptr);
  p.set_data_ptr(nullptr);
  EXPECT_NE(send(tlm::TLM_READ_COMMAND, 4), tlm::TLM_OK_RESPONSE);
  EXPECT_EQ(b.cpu->transport_dbg(p), 0U);
}

TEST_F(Shell, AnAligned32BitPartOfA64BitBeatIsARegisterAccess) {
  Bench& b = bench();
  const std::uint64_t CR1 = b.reg(0x28), CR2 = b.reg(0x2c);
  std::uint8_t data[8];
  unsigned char enables[8];
  tlm::tlm_generic_payload p;
  p.set_address(0x28);
  p.set_data_ptr(data);
  p.set_data_length(8);
  p.set_streaming_width(8);
  p.set_byte_enable_ptr(enables);
  p.set_byte_enable_length(8);
  for (const unsigned lane : {0U, 4U}) {
    std::fill_n(data, 8, std::uint8_t{0xee});
    std::fill_n(enables, 8, static_cast<unsigned char>(TLM_BYTE_DISABLED));
    std::fill_n(enables + lane, 4, static_cast<unsigned char>(TLM_BYTE_ENABLED));
    p.set_command(tlm::TLM_READ_COMMAND);
    sc_time d;
    b.cpu->b_transport(p, d);
    EXPECT_EQ(p.get_response_status(), tlm::TLM_OK_RESPONSE);
    std::uint32_t value = 0;
    std::memcpy(&value, data + lane, 4);
    EXPECT_EQ(value, lane == 0 ? CR1 : CR2);
    EXPECT_EQ(data[4 - lane], 0xee);
  }
  EXPECT_TRUE(b.host.sink.all.empty()) << to_text(b.host.sink.all.front());
}

}  // namespace
}  // namespace smmuvp::shell
