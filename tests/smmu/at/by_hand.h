// What tests send by hand, and what is said about it.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <systemc>
#include <tlm>
#include <vector>

#include "checker.h"

namespace smmuvp::at {

using Strings = std::vector<std::string>;

/// Collects SystemC reports, of which errors then do not throw.
class Errors {
 public:
  Errors() {
    all().clear();
    sc_core::sc_report_handler::set_handler([](const sc_core::sc_report& r, const sc_core::sc_actions&) {
      all().push_back(std::string(r.get_msg_type()) + ": " + r.get_msg());
    });
  }
  ~Errors() { sc_core::sc_report_handler::set_handler(nullptr); }
  Errors(const Errors&) = delete;
  Errors& operator=(const Errors&) = delete;
  static Strings& all() {
    static Strings errors;
    return errors;
  }
  /// The one that there is.
  static std::string one() {
    EXPECT_EQ(all().size(), 1U);
    return all().empty() ? "" : all().back();
  }
};

/// A payload of nobody's, sent by hand.
struct Raw : tlm::tlm_mm_interface {
  explicit Raw(std::uint64_t address, bool managed = true) {
    if (managed) {
      payload.set_mm(this);
      payload.acquire();
    }
    payload.set_command(tlm::TLM_READ_COMMAND);
    payload.set_address(address);
    payload.set_data_ptr(data);
    payload.set_data_length(4);
    payload.set_streaming_width(4);
    payload.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
  }
  void free(Payload*) override { freed = true; }
  Payload payload;
  unsigned char data[32] = {1, 1, 1, 1};
  bool freed = false;
};

}  // namespace smmuvp::at
