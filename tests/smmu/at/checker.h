// A checker of TLM's base protocol.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <set>
#include <systemc>
#include <tlm>
#include <vector>

namespace smmuvp::at {

using sc_core::sc_time;
using sc_core::sc_time_stamp;
using Payload = tlm::tlm_generic_payload;

inline sc_time ns(double n) { return {n, sc_core::SC_NS}; }

/// Stands between two sockets, and fails the test for whatever the base protocol forbids.
class Checker : public sc_core::sc_module,
                public tlm::tlm_fw_transport_if<>,
                public tlm::tlm_bw_transport_if<> {
 public:
  struct Entry {
    unsigned phase;
    const Payload* payload;
    std::uint64_t address;
    sc_time at;
  };

  explicit Checker(const sc_core::sc_module_name& name) : sc_module(name) {
    in.bind(*this);
    out.bind(*this);
  }
  void b_transport(Payload& p, sc_time& delay) override { out->b_transport(p, delay); }
  unsigned transport_dbg(Payload& p) override { return out->transport_dbg(p); }
  bool get_direct_mem_ptr(Payload& p, tlm::tlm_dmi& dmi) override { return out->get_direct_mem_ptr(p, dmi); }
  void invalidate_direct_mem_ptr(sc_dt::uint64, sc_dt::uint64) override {}
  tlm::tlm_sync_enum nb_transport_fw(Payload& p, tlm::tlm_phase& phase, sc_time& delay) override {
    const bool last = phase == tlm::END_RESP;
    note(p, phase, delay);
    const tlm::tlm_sync_enum status = out->nb_transport_fw(p, phase, delay);
    if (!last) returned(status, p, phase, delay);
    return status;
  }
  tlm::tlm_sync_enum nb_transport_bw(Payload& p, tlm::tlm_phase& phase, sc_time& delay) override {
    note(p, phase, delay);
    const tlm::tlm_sync_enum status = in->nb_transport_bw(p, phase, delay);
    returned(status, p, phase, delay);
    return status;
  }
  /// After a test: nothing is open.
  void expect_idle() const {
    EXPECT_TRUE(m_active.empty()) << name();
    EXPECT_EQ(m_request, nullptr) << name();
    EXPECT_EQ(m_response, nullptr) << name();
  }
  void clear() {
    log.clear();
    m_active.clear();
    m_request = m_response = nullptr;
    m_request_free = m_response_free = sc_core::SC_ZERO_TIME;
    most = 0;
    relaxed = false;
  }
  std::vector<Entry> of(unsigned phase) const {
    std::vector<Entry> found;
    for (const Entry& e : log) {
      if (e.phase == phase) found.push_back(e);
    }
    return found;
  }
  std::size_t open() const { return m_active.size(); }

  tlm::tlm_target_socket<64> in{"in"};
  tlm::tlm_initiator_socket<64> out{"out"};
  std::vector<Entry> log;
  std::size_t most = 0;  ///< open at a time
  bool relaxed = false;  ///< lets everything through until clear()

 private:
  void note(const Payload& p, const tlm::tlm_phase& phase, const sc_time& delay) {
    if (relaxed) return;
    const sc_time at = sc_time_stamp() + delay;
    log.push_back({phase, &p, p.get_address(), at});
    switch (static_cast<unsigned>(phase)) {
      case tlm::BEGIN_REQ:
        EXPECT_EQ(m_request, nullptr) << name() << ": a second BEGIN_REQ before END_REQ";
        EXPECT_GE(at, m_request_free) << name();
        EXPECT_TRUE(m_active.insert(&p).second) << name() << ": BEGIN_REQ of an open payload";
        EXPECT_EQ(p.get_response_status(), tlm::TLM_INCOMPLETE_RESPONSE) << name();
        m_request = &p;
        most = std::max(most, m_active.size());
        break;
      case tlm::END_REQ:
        EXPECT_EQ(m_request, &p) << name();
        m_request = nullptr;
        m_request_free = at;
        break;
      case tlm::BEGIN_RESP:
        EXPECT_EQ(m_active.count(&p), 1U) << name();
        EXPECT_EQ(m_response, nullptr) << name() << ": a second BEGIN_RESP before END_RESP";
        EXPECT_GE(at, m_response_free) << name();
        EXPECT_NE(p.get_response_status(), tlm::TLM_INCOMPLETE_RESPONSE) << name();
        end_request(p, at);
        m_response = &p;
        break;
      case tlm::END_RESP:
        EXPECT_EQ(m_response, &p) << name();
        finished(p, at);
        break;
      default:
        ADD_FAILURE() << name() << ": " << phase.get_name();
        break;
    }
  }
  void returned(tlm::tlm_sync_enum status, const Payload& p, const tlm::tlm_phase& phase,
                const sc_time& delay) {
    if (status == tlm::TLM_UPDATED) note(p, phase, delay);
    if (status == tlm::TLM_COMPLETED) finished(p, sc_time_stamp() + delay);
  }
  void end_request(const Payload& p, const sc_time& at) {
    if (m_request != &p) return;
    m_request = nullptr;
    m_request_free = at;
  }
  void finished(const Payload& p, const sc_time& at) {
    end_request(p, at);
    if (m_response == &p) {
      m_response = nullptr;
      m_response_free = at;
    }
    m_active.erase(&p);
  }

  std::set<const Payload*> m_active;
  const Payload* m_request = nullptr;
  const Payload* m_response = nullptr;
  sc_time m_request_free;
  sc_time m_response_free;
};

}  // namespace smmuvp::at
