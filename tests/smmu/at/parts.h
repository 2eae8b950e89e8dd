// Masters and targets of TLM's base protocol, for benches with non-blocking transactions.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <systemc>
#include <tlm>
#include <utility>
#include <vector>

#include "../test_memory.h"
#include "checker.h"
#include "smmuvp/tlm/access_extension.h"
#include "smmuvp/tlm/compare_swap_extension.h"
#include "smmuvp/tlm/process.h"
#include "smmuvp/tlm/resume_extension.h"

namespace smmuvp::at {

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
  /// How long it is until what is `wanted`.
  std::optional<sc_time> time_to(const T& wanted) const {
    for (const auto& [at, what] : m_all) {
      if (what == wanted) return at.first - sc_time_stamp();
    }
    return {};
  }

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

  /// A request that has come and not ended, as data.
  struct Saved {
    std::uint64_t address = 0;
    bool write = false;
    bool held = false;
    bool responding = false;
    std::optional<sc_time> to_end_request, to_response;
  };

  Target(const sc_core::sc_module_name& name, smmu::TestMemory& m) : sc_module(name), memory(m) {
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
    by_hand = nullptr;
    seen.clear();
  }
  /// In the order of their requests.
  std::vector<Saved> save() const {
    std::vector<Saved> all;
    for (Payload* p : m_taken) {
      Saved s{p->get_address(), p->is_write(), false, m_responding == p, {}, {}};
      s.held = std::find(m_held.begin(), m_held.end(), p) != m_held.end();
      s.to_end_request = m_agenda.time_to({p, tlm::END_REQ});
      s.to_response = m_agenda.time_to({p, tlm::BEGIN_RESP});
      all.push_back(s);
    }
    return all;
  }
  /// Whoever sent them sends them again (resume_extension.h). What is here is forgotten.
  void load(std::vector<Saved> saved) {
    for (Payload* p : m_taken) p->release();
    m_taken.clear();
    m_held.clear();
    m_agenda.clear();
    m_responding = nullptr;
    m_resumable = std::move(saved);
  }
  std::size_t missing() const { return m_resumable.size(); }
  static void transfer(smmu::TestMemory& memory, Payload& p) {
    if (auto* swap = p.get_extension<CompareSwapExtension>()) {
      swap->answered = true;
      swap->observed = memory.read(p.get_address(), p.get_data_length());
      swap->swapped = swap->observed == swap->expected;
      if (!swap->swapped) return p.set_response_status(response(p));
    }
    const unsigned char* enables = p.get_byte_enable_ptr();
    if (enables != nullptr && p.get_byte_enable_length() == 0) {
      return p.set_response_status(tlm::TLM_BYTE_ENABLE_ERROR_RESPONSE);
    }
    for (unsigned i = 0; i < p.get_data_length(); ++i) {
      if (enables != nullptr && enables[i % p.get_byte_enable_length()] == TLM_BYTE_DISABLED) continue;
      std::uint8_t& byte = memory.at(p.get_address() + i % p.get_streaming_width());
      if (p.is_read()) p.get_data_ptr()[i] = byte;
      if (p.is_write()) byte = p.get_data_ptr()[i];
    }
    p.set_response_status(response(p));
  }
  static tlm::tlm_response_status response(const Payload& p) {
    const bool aborts = p.get_address() >= 0xbad0'0000 && p.get_address() < 0xbad1'0000;
    return aborts ? tlm::TLM_GENERIC_ERROR_RESPONSE : tlm::TLM_OK_RESPONSE;
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
    if (by_hand) return by_hand(p, phase);
    if (phase == tlm::END_RESP) {
      EXPECT_EQ(m_responding, &p);
      m_responding = nullptr;
      m_wake.notify(sc_core::SC_ZERO_TIME);
      give_back(p);
      return tlm::TLM_COMPLETED;
    }
    EXPECT_EQ(static_cast<unsigned>(phase), static_cast<unsigned>(tlm::BEGIN_REQ));
    const auto* resume = p.get_extension<ResumeExtension>();
    if (resume != nullptr && resume->resumed && !m_resumable.empty()) return go_on(p, phase);
    note(p, delay);
    const sc_time at = sc_time_stamp() + delay;
    const sc_time takes = latency(p);
    const std::uint64_t address = p.get_address();
    transfer(memory, p);
    if (held && held(address)) {
      take(p);
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
        take(p);
        m_responding = &p;
        phase = tlm::BEGIN_RESP;
        delay += takes;
        return tlm::TLM_UPDATED;
      case Style::updated_request:
        take(p);
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
    take(p);
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
  smmu::TestMemory& memory;
  Style style = Style::accepted;
  sc_time accept;  ///< from BEGIN_REQ to END_REQ
  std::function<sc_time(const Payload&)> latency;
  std::function<bool(std::uint64_t address)> held;  ///< gets no response before release()
  sc_core::sc_event* blocked = nullptr;             ///< blocking writes wait for it
  bool blocks_reads = false;                        ///< and blocking reads
  std::function<tlm::tlm_sync_enum(Payload&, tlm::tlm_phase&)> by_hand;  ///< answers all, if it is there
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
      give_back(*p);
    }
    m_agenda.wake(m_wake);
  }
  void take(Payload& p) {
    p.acquire();
    m_taken.push_back(&p);
  }
  void give_back(Payload& p) {
    m_taken.erase(std::find(m_taken.begin(), m_taken.end(), &p));
    p.release();
  }
  // The first of its kind. Its data has been moved.
  tlm::tlm_sync_enum go_on(Payload& p, tlm::tlm_phase& phase) {
    const auto s = std::find_if(m_resumable.begin(), m_resumable.end(), [&p](const Saved& o) {
      return o.address == p.get_address() && o.write == p.is_write();
    });
    if (s == m_resumable.end()) {
      ADD_FAILURE() << name() << ": resumed, and never seen";
      p.set_response_status(tlm::TLM_GENERIC_ERROR_RESPONSE);
      return tlm::TLM_COMPLETED;
    }
    const Saved saved = *s;
    m_resumable.erase(s);
    p.set_response_status(response(p));
    take(p);
    if (saved.held) m_held.push_back(&p);
    if (saved.responding) m_responding = &p;
    if (saved.to_response) m_agenda.add(sc_time_stamp() + *saved.to_response, {&p, tlm::BEGIN_RESP});
    if (saved.to_end_request) m_agenda.add(sc_time_stamp() + *saved.to_end_request, {&p, tlm::END_REQ});
    m_wake.notify(sc_core::SC_ZERO_TIME);
    if (saved.to_end_request || (style == Style::early_response && !saved.responding)) {
      return tlm::TLM_ACCEPTED;
    }
    phase = saved.responding ? tlm::BEGIN_RESP : tlm::END_REQ;
    return tlm::TLM_UPDATED;
  }

  sc_core::sc_event m_wake;
  Agenda<std::pair<Payload*, tlm::tlm_phase_enum>> m_agenda;
  std::vector<Payload*> m_taken;  // in the order of their requests
  std::vector<Payload*> m_held;
  std::vector<Saved> m_resumable;
  const Payload* m_responding = nullptr;
};

/// One operation of a master, as data: what a master keeps, saves, and can send again.
struct Operation {
  std::uint64_t address = 0;
  std::vector<std::uint8_t> data;
  bool write = false;
  std::uint32_t stream_id = 7;
  std::uint64_t tag = 0;
  bool ignore = false;   ///< TLM_IGNORE_COMMAND
  std::uint64_t id = 0;  ///< ResumeExtension::id

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
  /// An operation, and how far it has got.
  struct Saved {
    Operation operation;
    bool begun = false;
    std::optional<sc_time> to_end;  ///< to its END_RESP
  };
  std::vector<Saved> save() const {
    std::vector<Saved> all;
    for (const Operation& op : operations) {
      Saved& s = all.emplace_back();
      s.operation = op;
      for (const auto& [p, of] : m_of) {
        if (of != &op) continue;
        s.begun = true;
        s.to_end = m_ends.time_to(p);
      }
    }
    return all;
  }
  /// Takes over what another master has saved. Nothing is open here.
  void load(const std::vector<Saved>& saved) {
    for (const Saved& s : saved) {
      Operation& op = operations.emplace_back(s.operation);
      op.begun = op.accepted = op.answered = sc_core::SC_ZERO_TIME;
      if (s.operation.done) continue;
      if (!s.begun) {
        send(op);
      } else if (resumes) {
        resume(op, s);
      }
    }
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
  void clear() {
    operations.clear();
    order.clear();
  }
  void defaults() {
    clear();
    end = End::completed;
    resumes = true;
    end_delay = ns(3);
    others = nullptr;
    by_hand = nullptr;
  }

  tlm::tlm_sync_enum nb_transport_bw(Payload& p, tlm::tlm_phase& phase, sc_time& delay) override {
    if (by_hand) return by_hand(p, phase);
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
  bool resumes = true;                   ///< load() sends what was under way
  std::function<void(Payload&)> others;  ///< told of responses to payloads that this has not sent
  std::function<tlm::tlm_sync_enum(Payload&, tlm::tlm_phase&)> by_hand;  ///< answers all, if it is there

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
    Payload& p = prepare(op);
    m_requesting = &p;
    op.begun = sc_time_stamp();
    tlm::tlm_phase phase = tlm::BEGIN_REQ;
    sc_time delay;
    EXPECT_EQ(socket->nb_transport_fw(p, phase, delay), tlm::TLM_ACCEPTED);
  }
  void resume(Operation& op, const Saved& saved) {
    Payload& p = prepare(op);
    auto* extension = p.get_extension<ResumeExtension>();
    if (extension == nullptr) {
      extension = new ResumeExtension;
      p.set_auto_extension(extension);
    }
    extension->resumed = true;
    tlm::tlm_phase phase = tlm::BEGIN_REQ;
    sc_time delay;
    const tlm::tlm_sync_enum status = socket->nb_transport_fw(p, phase, delay);
    extension->resumed = false;
    EXPECT_NE(status, tlm::TLM_COMPLETED);
    if (status == tlm::TLM_ACCEPTED) m_requesting = &p;
    EXPECT_EQ(status == tlm::TLM_UPDATED && phase == tlm::BEGIN_RESP, saved.to_end.has_value());
    if (!saved.to_end) return;
    m_ends.add(sc_time_stamp() + *saved.to_end, &p);
    m_ends.wake(m_wake);
  }
  Payload& prepare(Operation& op) {
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
    if (op.id != 0) {
      auto* e = new ResumeExtension;
      e->id = op.id;
      p.set_auto_extension(e);
    }
    m_of[&p] = &op;
    return p;
  }

  sc_core::sc_event m_wake;
  std::deque<Operation*> m_waiting;
  std::map<Payload*, Operation*> m_of;
  Payload* m_requesting = nullptr;
  Agenda<Payload*> m_ends;
  std::vector<std::unique_ptr<Payload>> m_payloads;
};

}  // namespace smmuvp::at
