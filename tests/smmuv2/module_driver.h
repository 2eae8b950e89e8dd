// What a driver does to an SMMUv2's module, through its register socket.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <systemc>
#include <tlm>
#include <utility>

#include "driver.h"
#include "smmuvp/tlm/access_extension.h"

namespace smmuvp::smmuv2 {

class ModuleDriver : public Driver {
 public:
  using Send = std::function<void(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay)>;

  /// @param page, window  see Driver. @param send  b_transport to the register socket
  ModuleDriver(std::uint32_t page, std::uint32_t window, Send send)
      : Driver(page, window), m_send(std::move(send)) {}

  tlm::tlm_response_status access(std::uint32_t offset, bool write, std::uint64_t& value, unsigned bytes,
                                  bool secure) {
    tlm::tlm_generic_payload p;
    AccessExtension e;
    e.address_space = secure ? AddressSpace::secure : AddressSpace::non_secure;
    p.set_command(write ? tlm::TLM_WRITE_COMMAND : tlm::TLM_READ_COMMAND);
    p.set_address(offset);
    p.set_data_ptr(reinterpret_cast<unsigned char*>(&value));
    p.set_data_length(bytes);
    p.set_streaming_width(bytes);
    p.set_extension(&e);
    sc_core::sc_time d;
    m_send(p, d);
    p.clear_extension(&e);
    return p.get_response_status();
  }
  std::uint64_t reg(std::uint32_t offset, unsigned bytes = 4, bool secure = false) {
    std::uint64_t value = 0;
    EXPECT_EQ(access(offset, false, value, bytes, secure), tlm::TLM_OK_RESPONSE);
    return value;
  }
  void set(std::uint32_t offset, std::uint64_t value, unsigned bytes = 4, bool secure = false) {
    EXPECT_EQ(access(offset, true, value, bytes, secure), tlm::TLM_OK_RESPONSE);
  }
  bool secure_of(unsigned bank) const override { return bank >= first_secure_bank; }

  unsigned first_secure_bank = ~0U;  ///< what SCR1.NSNUMCBO says

 private:
  void write_register(std::uint32_t offset, std::uint64_t value, unsigned bytes, bool secure) override {
    set(offset, value, bytes, secure);
  }

  Send m_send;
};

}  // namespace smmuvp::smmuv2
