// Helpers for SystemC tests. SystemC elaborates once a process, so a test binary has one bench: a static
// object made by the first test, whose tests reset what they changed.
#pragma once
#include <gtest/gtest.h>
#include <tlm_utils/simple_initiator_socket.h>

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "smmuvp/test/core.h"
#include "smmuvp/tlm/component.h"
#include "smmuvp/tlm/process.h"

namespace smmuvp::test {

/// Keeps what components tell the program.
class CapturingHost : public Host, public CapturingDiag {
 public:
  DiagSink& diag() override { return *this; }
  TraceSink* trace() override { return nullptr; }
  void guest_exit(const GuestExit& exit) override { exits.push_back(exit); }
  void limitation(const std::string&, const std::string&) override {}
  void internal_error(const std::string& source, const std::string& text) override {
    ADD_FAILURE() << source << ": " << text;
  }
  std::vector<GuestExit> exits;
};

/// Lets `ps` picoseconds of simulated time pass; at least one, so that all lines have settled.
inline void advance(std::uint64_t ps = 1) {
  sc_core::sc_start(sc_core::sc_time(static_cast<double>(ps), sc_core::SC_PS));
}

/// An initiator driven by the test. Its accesses are made outside of any process, so the target must not
/// wait; use Runner for those that do.
class Master : public sc_core::sc_module {
 public:
  explicit Master(const sc_core::sc_module_name& name) : sc_core::sc_module(name), socket("socket") {
    socket.register_invalidate_direct_mem_ptr(this, &Master::invalidate);
  }

  /// Sends a payload as it is. `delay` keeps what the target annotated.
  tlm::tlm_response_status send(tlm::tlm_generic_payload& payload) {
    delay = sc_core::SC_ZERO_TIME;
    socket->b_transport(payload, delay);
    return payload.get_response_status();
  }
  tlm::tlm_response_status access(tlm::tlm_command command, std::uint64_t address, void* data,
                                  std::size_t length) {
    tlm::tlm_generic_payload payload;
    fill(payload, command, address, data, length);
    return send(payload);
  }
  tlm::tlm_response_status write(std::uint64_t address, const void* data, std::size_t length) {
    return access(tlm::TLM_WRITE_COMMAND, address, const_cast<void*>(data), length);
  }
  tlm::tlm_response_status read(std::uint64_t address, void* data, std::size_t length) {
    return access(tlm::TLM_READ_COMMAND, address, data, length);
  }
  /// Little-endian numbers; a response other than OK fails the test.
  void put(std::uint64_t address, std::uint64_t value, std::size_t bytes = 4) {
    EXPECT_EQ(write(address, &value, bytes), tlm::TLM_OK_RESPONSE) << std::hex << "at 0x" << address;
  }
  std::uint64_t get(std::uint64_t address, std::size_t bytes = 4) {
    std::uint64_t value = 0;
    EXPECT_EQ(read(address, &value, bytes), tlm::TLM_OK_RESPONSE) << std::hex << "at 0x" << address;
    return value;
  }
  static void fill(tlm::tlm_generic_payload& payload, tlm::tlm_command command, std::uint64_t address,
                   void* data, std::size_t length) {
    payload.set_command(command);
    payload.set_address(address);
    payload.set_data_ptr(static_cast<unsigned char*>(data));
    payload.set_data_length(static_cast<unsigned>(length));
    payload.set_streaming_width(static_cast<unsigned>(length));
    payload.set_byte_enable_ptr(nullptr);
    payload.set_dmi_allowed(false);
    payload.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
  }

  tlm_utils::simple_initiator_socket<Master, platform_buswidth> socket;
  sc_core::sc_time delay;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> invalidations;

 private:
  void invalidate(sc_dt::uint64 start, sc_dt::uint64 end) { invalidations.emplace_back(start, end); }
};

/// Runs a test's code in an SC_THREAD, so that it may wait.
class Runner : public sc_core::sc_module {
 public:
  explicit Runner(const sc_core::sc_module_name& name) : sc_core::sc_module(name) {
    SMMUVP_HAS_PROCESS(Runner);
    SC_THREAD(main);
  }
  /// Returns when `job` has; fails the test if that takes more than `limit` of simulated time.
  void run(std::function<void()> job, sc_core::sc_time limit = sc_core::sc_time(10, sc_core::SC_SEC)) {
    m_job = std::move(job);
    m_done = false;
    m_go.notify(sc_core::SC_ZERO_TIME);
    sc_core::sc_start(limit);
    EXPECT_TRUE(m_done) << "the job did not end in " << limit;
  }

 private:
  void main() {
    for (;;) {
      wait(m_go);
      m_job();
      m_done = true;
      sc_core::sc_pause();
    }
  }
  std::function<void()> m_job;
  sc_core::sc_event m_go;
  bool m_done = false;
};

/// A component's port by name; the test fails if there is none of that type.
template <class T>
T& port(const Component& component, const std::string& name) {
  for (const Port& p : component.ports()) {
    if (p.name == name && std::holds_alternative<T*>(p.object)) return *std::get<T*>(p.object);
  }
  throw std::runtime_error("no port '" + name + "' of that type");
}

/// A component's counters by name.
class Statistics : public StatVisitor {
 public:
  explicit Statistics(const Component& component) { component.statistics(*this); }
  void stat(std::string_view name, std::uint64_t value, std::string_view, std::string_view) override {
    m_values[std::string(name)] = value;
  }
  std::uint64_t operator[](const std::string& name) const { return m_values.at(name); }

 private:
  std::map<std::string, std::uint64_t> m_values;
};

}  // namespace smmuvp::test
