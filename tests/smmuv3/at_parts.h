// Masters, targets and a checker of TLM's base protocol, for benches with non-blocking transactions.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <systemc>
#include <tlm>
#include <utility>
#include <vector>

#include "smmuvp/tlm/access_extension.h"
#include "smmuvp/tlm/process.h"
#include "world.h"

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

/// What comes at its time, in the order of (time, making).
template <class T>
class Agenda {
 public:
  void add(const sc_time& at, T what) { m_all.emplace(std::make_pair(at, m_next++), std::move(what)); }
  bool due() const { return !m_all.empty() && m_all.begin()->first.first <= sc_time_stamp(); }
  T take() {
    T what = std::move(m_all.begin()->second);
    m_all.erase(m_all.begin());
    return what;
  }
  /// Wakes `event` for the next.
  void wake(sc_core::sc_event& event) const {
    if (!m_all.empty() && !due()) event.notify(m_all.begin()->first.first - sc_time_stamp());
  }
  void clear() { m_all.clear(); }

 private:
  std::map<std::pair<sc_time, std::uint64_t>, T> m_all;
  std::uint64_t m_next = 0;
};

/// A memory that speaks both styles. Data moves when a request comes.
class Target : public sc_core::sc_module, public tlm::tlm_fw_transport_if<> {
 public:
  enum class Style : std::uint8_t {
    accepted,          ///< TLM_ACCEPTED, END_REQ, BEGIN_RESP
    updated_request,   ///< TLM_UPDATED with END_REQ
    updated_response,  ///< TLM_UPDATED with BEGIN_RESP
    completed,         ///< TLM_COMPLETED
    early_response,    ///< TLM_ACCEPTED, BEGIN_RESP without END_REQ
  };
  struct Seen {
    std::uint64_t address;
    unsigned length;
    sc_time at;
    AccessExtension extension;
  };

  Target(const sc_core::sc_module_name& name, smmuv3::TestMemory& m) : sc_module(name), memory(m) {
    socket.bind(*this);
    SMMUVP_HAS_PROCESS(Target);
    SC_METHOD(run);
    sensitive << m_wake;
    dont_initialize();
  }
  void defaults() {
    style = Style::accepted;
    accept = ns(2);
    latency = [](const Payload&) { return ns(20); };
    held = {};
    blocked = nullptr;
    blocks_reads = false;
    seen.clear();
  }
  static void transfer(smmuv3::TestMemory& memory, Payload& p) {
    for (unsigned i = 0; i < p.get_data_length(); ++i) {
      const unsigned char* enables = p.get_byte_enable_ptr();
      if (enables != nullptr && enables[i % p.get_byte_enable_length()] == TLM_BYTE_DISABLED) continue;
      std::uint8_t& byte = memory.at(p.get_address() + i % p.get_streaming_width());
      if (p.is_read()) p.get_data_ptr()[i] = byte;
      if (p.is_write()) byte = p.get_data_ptr()[i];
    }
    const bool aborts = p.get_address() >= 0xbad0'0000 && p.get_address() < 0xbad1'0000;
    p.set_response_status(aborts ? tlm::TLM_GENERIC_ERROR_RESPONSE : tlm::TLM_OK_RESPONSE);
  }
  void b_transport(Payload& p, sc_time& delay) override {
    note(p, delay);
    if (blocked != nullptr && (p.is_write() || blocks_reads)) wait(*blocked);
    delay += latency(p);
    transfer(memory, p);
  }
  unsigned transport_dbg(Payload& p) override {
    transfer(memory, p);
    return p.get_data_length();
  }
  bool get_direct_mem_ptr(Payload&, tlm::tlm_dmi&) override { return false; }
  tlm::tlm_sync_enum nb_transport_fw(Payload& p, tlm::tlm_phase& phase, sc_time& delay) override {
    if (phase == tlm::END_RESP) {
      EXPECT_EQ(m_responding, &p);
      m_responding = nullptr;
      m_wake.notify(sc_core::SC_ZERO_TIME);
      p.release();
      return tlm::TLM_COMPLETED;
    }
    EXPECT_EQ(static_cast<unsigned>(phase), static_cast<unsigned>(tlm::BEGIN_REQ));
    note(p, delay);
    const sc_time at = sc_time_stamp() + delay;
    const sc_time takes = latency(p);
    const std::uint64_t address = p.get_address();
    transfer(memory, p);
    if (held && held(address)) {
      p.acquire();
      m_held.push_back(&p);
      m_agenda.add(at + accept, {&p, tlm::END_REQ});
      m_agenda.wake(m_wake);
      return tlm::TLM_ACCEPTED;
    }
    switch (style) {
      case Style::completed:
        delay += takes;
        return tlm::TLM_COMPLETED;
      case Style::updated_response:
        p.acquire();
        m_responding = &p;
        phase = tlm::BEGIN_RESP;
        delay += takes;
        return tlm::TLM_UPDATED;
      case Style::updated_request:
        p.acquire();
        m_agenda.add(at + takes, {&p, tlm::BEGIN_RESP});
        m_agenda.wake(m_wake);
        phase = tlm::END_REQ;
        delay += accept;
        return tlm::TLM_UPDATED;
      case Style::accepted:
        m_agenda.add(at + accept, {&p, tlm::END_REQ});
        [[fallthrough]];
      case Style::early_response:
        break;
    }
    p.acquire();
    m_agenda.add(at + takes, {&p, tlm::BEGIN_RESP});
    m_agenda.wake(m_wake);
    return tlm::TLM_ACCEPTED;
  }
  /// Answers what has been held.
  void release() {
    held = {};
    for (Payload* p : m_held) m_agenda.add(sc_time_stamp(), {p, tlm::BEGIN_RESP});
    m_held.clear();
    m_wake.notify(sc_core::SC_ZERO_TIME);
  }

  tlm::tlm_target_socket<64> socket{"socket"};
  smmuv3::TestMemory& memory;
  Style style = Style::accepted;
  sc_time accept;  ///< from BEGIN_REQ to END_REQ
  std::function<sc_time(const Payload&)> latency;
  std::function<bool(std::uint64_t address)> held;  ///< gets no response before release()
  sc_core::sc_event* blocked = nullptr;             ///< blocking writes wait for it
  bool blocks_reads = false;                        ///< and blocking reads
  std::vector<Seen> seen;

 private:
  void note(const Payload& p, const sc_time& delay) {
    const auto* e = p.get_extension<AccessExtension>();
    ASSERT_NE(e, nullptr);
    seen.push_back({p.get_address(), p.get_data_length(), sc_time_stamp() + delay, *e});
  }
  void run() {
    while (m_agenda.due() && m_responding == nullptr) {
      const auto [p, what] = m_agenda.take();
      tlm::tlm_phase phase = what;
      sc_time delay;
      if (what == tlm::BEGIN_RESP) m_responding = p;
      const tlm::tlm_sync_enum status = socket->nb_transport_bw(*p, phase, delay);
      if (what != tlm::BEGIN_RESP || status == tlm::TLM_ACCEPTED) continue;
      m_responding = nullptr;
      p->release();
    }
    m_agenda.wake(m_wake);
  }

  sc_core::sc_event m_wake;
  Agenda<std::pair<Payload*, tlm::tlm_phase_enum>> m_agenda;
  std::vector<Payload*> m_held;
  const Payload* m_responding = nullptr;
};

/// One operation of a master, as data: what a master keeps, saves, and can send again.
struct Operation {
  std::uint64_t address = 0;
  std::vector<std::uint8_t> data;
  bool write = false;
  std::uint32_t stream_id = 7;
  std::uint64_t tag = 0;
  bool ignore = false;  ///< TLM_IGNORE_COMMAND

  tlm::tlm_response_status status = tlm::TLM_INCOMPLETE_RESPONSE;
  sc_time begun, accepted, answered;
  bool done = false;
};

/// Sends operations in order, as fast as END_REQs let it.
class Master : public sc_core::sc_module, public tlm::tlm_bw_transport_if<>, public tlm::tlm_mm_interface {
 public:
  enum class End : std::uint8_t { completed, updated, later };

  explicit Master(const sc_core::sc_module_name& name) : sc_module(name) {
    socket.bind(*this);
    SMMUVP_HAS_PROCESS(Master);
    SC_METHOD(run);
    sensitive << m_wake;
    dont_initialize();
  }
  Operation& issue(std::uint64_t address, std::vector<std::uint8_t> data, bool write,
                   std::uint32_t stream_id = 7, std::uint64_t tag = 0) {
    Operation& op = operations.emplace_back();
    op.address = address;
    op.data = std::move(data);
    op.write = write;
    op.stream_id = stream_id;
    op.tag = tag;
    send(op);
    return op;
  }
  Operation& read(std::uint64_t address, std::uint32_t stream_id = 7) {
    return issue(address, std::vector<std::uint8_t>(4), false, stream_id);
  }
  void send(Operation& op) {
    m_waiting.push_back(&op);
    m_wake.notify(sc_core::SC_ZERO_TIME);
  }
  /// As after loading a state that had been saved with transactions open: payloads are gone, operations not.
  void forget_payloads() {
    for (auto& p : m_payloads) {
      if (p->get_ref_count() != 0 && m_of.erase(p.get()) != 0) p->release();
    }
    m_requesting = nullptr;
    m_ends.clear();
  }
  /// Not before it has ended: at its own time.
  bool all_done() const {
    for (const Operation& op : operations) {
      if (!op.done) return false;
    }
    return true;
  }
  /// References that somebody still has.
  int references() const {
    int n = 0;
    for (const auto& p : m_payloads) n += p->get_ref_count();
    return n;
  }
  void defaults() {
    operations.clear();
    order.clear();
    end = End::completed;
    end_delay = ns(3);
    others = nullptr;
  }

  tlm::tlm_sync_enum nb_transport_bw(Payload& p, tlm::tlm_phase& phase, sc_time& delay) override {
    const auto it = m_of.find(&p);
    if (it == m_of.end()) {
      if (!others) ADD_FAILURE() << phase.get_name() << " of a payload that is not open";
      if (phase == tlm::END_REQ) return tlm::TLM_ACCEPTED;
      if (others) others(p);
      return tlm::TLM_COMPLETED;
    }
    Operation& op = *it->second;
    if (m_requesting == &p) {  // END_REQ, or what is one too
      m_requesting = nullptr;
      op.accepted = sc_time_stamp() + delay;
      m_wake.notify(delay);
    }
    if (phase == tlm::END_REQ) return tlm::TLM_ACCEPTED;
    op.answered = sc_time_stamp() + delay;
    op.status = p.get_response_status();
    order.push_back(&op);
    expect_restored(p, op);
    switch (end) {
      case End::completed:
        finish(p);
        return tlm::TLM_COMPLETED;
      case End::updated:
        phase = tlm::END_RESP;
        delay += end_delay;
        finish(p);
        return tlm::TLM_UPDATED;
      case End::later:
        break;
    }
    m_ends.add(sc_time_stamp() + delay + end_delay, &p);
    m_ends.wake(m_wake);
    return tlm::TLM_ACCEPTED;
  }
  void invalidate_direct_mem_ptr(sc_dt::uint64, sc_dt::uint64) override {}
  void free(Payload* p) override { p->reset(); }

  tlm::tlm_initiator_socket<64> socket{"socket"};
  std::deque<Operation> operations;
  std::vector<const Operation*> order;  ///< of responses
  End end = End::completed;
  sc_time end_delay;
  sc_core::sc_event finished;
  std::function<void(Payload&)> others;  ///< told of responses to payloads that this has not sent

 private:
  void expect_restored(const Payload& p, Operation& op) {
    EXPECT_EQ(p.get_address(), op.address);
    EXPECT_EQ(p.get_data_ptr(), op.data.data());
    EXPECT_EQ(p.get_data_length(), op.data.size());
    EXPECT_EQ(p.get_streaming_width(), op.data.size());
    EXPECT_EQ(p.get_byte_enable_ptr(), nullptr);
    EXPECT_FALSE(p.is_dmi_allowed());
    const auto* e = p.get_extension<AccessExtension>();
    EXPECT_EQ(e != nullptr, op.stream_id != 0);
  }
  void finish(Payload& p) {
    Operation& op = *m_of.at(&p);
    op.done = true;
    m_of.erase(&p);
    p.release();
    finished.notify(sc_core::SC_ZERO_TIME);
  }
  Payload& payload() {
    for (auto& p : m_payloads) {
      if (p->get_ref_count() == 0) return *p;
    }
    m_payloads.push_back(std::make_unique<Payload>(this));
    return *m_payloads.back();
  }
  void run() {
    while (m_ends.due()) {
      Payload& p = *m_ends.take();
      tlm::tlm_phase phase = tlm::END_RESP;
      sc_time delay;
      socket->nb_transport_fw(p, phase, delay);
      finish(p);
    }
    m_ends.wake(m_wake);
    if (m_requesting != nullptr || m_waiting.empty()) return;
    Operation& op = *m_waiting.front();
    m_waiting.pop_front();
    Payload& p = payload();
    p.acquire();
    p.set_command(op.write ? tlm::TLM_WRITE_COMMAND : tlm::TLM_READ_COMMAND);
    if (op.ignore) p.set_command(tlm::TLM_IGNORE_COMMAND);
    p.set_address(op.address);
    p.set_data_ptr(op.data.data());
    p.set_data_length(static_cast<unsigned>(op.data.size()));
    p.set_streaming_width(static_cast<unsigned>(op.data.size()));
    p.set_byte_enable_ptr(nullptr);
    p.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
    if (op.stream_id != 0) {  // else the TBU's own
      auto* e = new AccessExtension;
      e->stream_id = op.stream_id;
      e->stream_valid = true;
      e->tag = op.tag;
      p.set_auto_extension(e);
    }
    m_of[&p] = &op;
    m_requesting = &p;
    op.begun = sc_time_stamp();
    tlm::tlm_phase phase = tlm::BEGIN_REQ;
    sc_time delay;
    EXPECT_EQ(socket->nb_transport_fw(p, phase, delay), tlm::TLM_ACCEPTED);
  }

  sc_core::sc_event m_wake;
  std::deque<Operation*> m_waiting;
  std::map<Payload*, Operation*> m_of;
  Payload* m_requesting = nullptr;
  Agenda<Payload*> m_ends;
  std::vector<std::unique_ptr<Payload>> m_payloads;
};

}  // namespace smmuvp::at
