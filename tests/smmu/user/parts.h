// SMMUs as a program of somebody else has them: masters that know no AccessExtension, and buses of several
// widths.
#pragma once

#include <gtest/gtest.h>
#include <tlm_utils/simple_initiator_socket.h>
#include <tlm_utils/simple_target_socket.h>

#include <array>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "../test_memory.h"
#include "smmuvp/test/bench.h"
#include "smmuvp/tlm/access_extension.h"
#include "smmuvp/tlm/smmu_hooks.h"
#include "smmuvp/tlm/width_adapter.h"

namespace smmuvp::user {

using Payload = tlm::tlm_generic_payload;
using sc_core::sc_time;

inline sc_time ns(double n) { return {n, sc_core::SC_NS}; }

/// What this program's masters say of themselves, which no SMMU has heard of.
struct MasterTag : tlm::tlm_extension<MasterTag> {
  unsigned device = 0;
  bool kernel = false;
  bool fetch = false;
  tlm_extension_base* clone() const override { return new MasterTag(*this); }
  void copy_from(const tlm_extension_base& other) override { *this = static_cast<const MasterTag&>(other); }
};

/// What this program's bus asks of whoever masters it; all that are made are counted.
struct BusTag : tlm::tlm_extension<BusTag> {
  explicit BusTag(std::string w) : what(std::move(w)) { ++live; }
  BusTag(const BusTag& other) : tlm::tlm_extension<BusTag>(other), what(other.what) { ++live; }
  ~BusTag() override { --live; }
  BusTag& operator=(const BusTag&) = default;
  tlm_extension_base* clone() const override { return new BusTag(*this); }
  void copy_from(const tlm_extension_base& other) override { *this = static_cast<const BusTag&>(other); }
  std::string what;
  static inline int live = 0;
};

/// One SMMU, and a processor at its registers; all accesses end in one memory.
template <class Module>
struct SocOf : sc_core::sc_module {
  SocOf(const sc_core::sc_module_name& name, const Params& params, Host& host, smmu::TestMemory& m)
      : sc_module(name), smmu("smmu", params, host), memory(m) {
    cpu.bind(smmu.registers);
    smmu.walk.bind(walks);
    walks.register_b_transport(this, &SocOf::on_walk);
    walks.register_transport_dbg(this, &SocOf::on_walk_debug);
  }
  void on_walk(Payload& p, sc_time& delay) {
    const auto* tag = p.get_extension<BusTag>();
    walked.push_back(tag != nullptr ? tag->what : "");
    transfer(p);
    delay += ns(20);
  }
  unsigned on_walk_debug(Payload& p) {
    sc_time delay;
    on_walk(p, delay);
    return p.get_data_length();
  }
  void on_data(Payload& p, sc_time& delay) {
    arrived.push_back(*p.get_extension<AccessExtension>());
    lengths.push_back(p.get_data_length());
    transfer(p);
    delay += ns(5);
  }
  unsigned on_data_debug(Payload& p) {
    transfer(p);
    return p.get_data_length();
  }
  void transfer(Payload& p) {
    for (unsigned i = 0; i < p.get_data_length(); ++i) {
      std::uint8_t& byte = memory.at(p.get_address() + i);
      (p.is_read() ? p.get_data_ptr()[i] : byte) = p.is_read() ? byte : p.get_data_ptr()[i];
    }
    p.set_response_status(tlm::TLM_OK_RESPONSE);
  }

  // ---- the processor
  tlm::tlm_response_status access(bool write, std::uint32_t offset, std::uint64_t& value, unsigned bytes,
                                  sc_time& delay) {
    Payload p;
    test::Master::fill(p, write ? tlm::TLM_WRITE_COMMAND : tlm::TLM_READ_COMMAND, offset, &value, bytes);
    cpu->b_transport(p, delay);
    return p.get_response_status();
  }
  void set(std::uint32_t offset, std::uint64_t value, unsigned bytes = 4) {
    sc_time delay;
    EXPECT_EQ(access(true, offset, value, bytes, delay), tlm::TLM_OK_RESPONSE);
  }
  std::uint32_t get(std::uint32_t offset) {
    std::uint64_t value = 0;
    sc_time delay;
    EXPECT_EQ(access(false, offset, value, 4, delay), tlm::TLM_OK_RESPONSE);
    return static_cast<std::uint32_t>(value);
  }

  /// As before any test.
  void forget() {
    smmu.set_own_access_hook({});
    smmu.set_identity_hook(0, {});
    smmu.set_order_hook(0, {});
    walked.clear();
    arrived.clear();
    lengths.clear();
  }

  Module smmu;
  tlm_utils::simple_initiator_socket<SocOf, 64> cpu{"cpu"};
  tlm_utils::simple_target_socket<SocOf, 64> walks{"walks"};
  smmu::TestMemory& memory;
  std::vector<std::string> walked;       ///< the tags that came by `walk`
  std::vector<AccessExtension> arrived;  ///< at the memory
  std::vector<unsigned> lengths;
};

/// A master of any width at a TBU, and the memory behind it, of the same width.
/// @tparam Soc  a SocOf
template <class Soc, unsigned WIDTH>
struct ClientOf : sc_core::sc_module {
  ClientOf(const sc_core::sc_module_name& name, Soc& s, unsigned tbu) : sc_module(name), soc(s) {
    socket.bind(in.in);
    in.out.bind(soc.smmu.tbu_in[tbu]);
    soc.smmu.tbu_out[tbu].bind(out.in);
    out.out.bind(memory);
    socket.register_nb_transport_bw(this, &ClientOf::on_backward);
    memory.register_b_transport(this, &ClientOf::on_data);
    memory.register_transport_dbg(this, &ClientOf::on_debug);
  }
  void on_data(Payload& p, sc_time& delay) { soc.on_data(p, delay); }
  unsigned on_debug(Payload& p) { return soc.on_data_debug(p); }
  tlm::tlm_sync_enum on_backward(Payload& p, tlm::tlm_phase& phase, sc_time&) {
    if (phase == tlm::END_REQ) accepted.notify();
    if (phase != tlm::BEGIN_RESP) return tlm::TLM_ACCEPTED;
    order.push_back(&p);
    accepted.notify();
    ended.notify();
    return tlm::TLM_COMPLETED;
  }
  /// BEGIN_REQ; returns with END_REQ.
  void begin(Payload& p) {
    tlm::tlm_phase phase = tlm::BEGIN_REQ;
    sc_time delay;
    socket->nb_transport_fw(p, phase, delay);
    wait(accepted);
  }
  /// By b_transport or nb_transport.
  tlm::tlm_response_status send(Payload& p, bool blocking) {
    p.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
    if (blocking) {
      sc_time delay;
      socket->b_transport(p, delay);
      wait(delay);
    } else {
      order.clear();
      begin(p);
      if (order.empty()) wait(ended);
    }
    return p.get_response_status();
  }

  Soc& soc;
  tlm_utils::simple_initiator_socket<ClientOf, WIDTH> socket{"socket"};
  WidthAdapter<WIDTH, 64> in{"in"};
  WidthAdapter<64, WIDTH> out{"out"};
  tlm_utils::simple_target_socket<ClientOf, WIDTH> memory{"memory"};
  sc_core::sc_event accepted, ended;
  std::vector<const Payload*> order;  ///< of their responses
};

/// A payload of a device of this program.
struct Transfer {
  Transfer(unsigned device, std::uint64_t address, tlm::tlm_command command = tlm::TLM_READ_COMMAND) {
    test::Master::fill(payload, command, address, data.data(), data.size());
    tag.device = device;
    payload.set_extension(&tag);
  }
  ~Transfer() { payload.clear_extension(&tag); }
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;
  std::array<std::uint8_t, 16> data{};
  MasterTag tag;
  Payload payload;
};

/// 32 bits, of whom the TBU serves.
template <class Client>
tlm::tlm_response_status read(Client& client, std::uint64_t address, bool blocking = true) {
  std::uint32_t v = 0;
  Payload p;
  test::Master::fill(p, tlm::TLM_READ_COMMAND, address, &v, 4);
  return client.send(p, blocking);
}

/// StreamIDs of this program's devices.
inline void identify(const Payload& p, Identity& identity) {
  const auto* tag = p.get_extension<MasterTag>();
  if (tag == nullptr) return;
  identity.stream_id = tag->device;
  identity.privileged = tag->kernel;
  identity.instruction = tag->fetch;
}

/// Parameters of a Module.
template <class Module>
Params params_of(std::initializer_list<std::pair<const char*, const char*>> values) {
  Params p = Module::default_params();
  for (const auto& [name, value] : values) p.set(name, value);
  return p;
}

}  // namespace smmuvp::user
