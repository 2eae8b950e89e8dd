// A client that may hold direct memory pointers, memory that gives them, and an SMMU of either kind between.
#pragma once

#include <gtest/gtest.h>
#include <tlm_utils/simple_initiator_socket.h>
#include <tlm_utils/simple_target_socket.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "../test_memory.h"
#include "smmuvp/test/bench.h"
#include "smmuvp/tlm/access_extension.h"

namespace smmuvp::dmi {

using Range = std::pair<std::uint64_t, std::uint64_t>;  // first, last
constexpr std::uint32_t stream_id = 7;                  ///< of the TBU that is fixed

/// A master that uses pointers if it is told to: it asks for one when a b_transport says that it may.
class Client : public sc_core::sc_module {
 public:
  struct Pointer {
    Range range;
    unsigned char* at;
    bool read, write;
  };
  struct Outcome {
    tlm::tlm_response_status status = tlm::TLM_INCOMPLETE_RESPONSE;
    std::uint64_t data = 0;
    bool by_pointer = false;
    bool dmi_allowed = false;
    bool operator==(const Outcome& o) const { return status == o.status && data == o.data; }
  };

  explicit Client(const sc_core::sc_module_name& name) : sc_module(name) {
    socket.register_invalidate_direct_mem_ptr(this, &Client::withdraw);
  }
  /// @param bytes  1 to 8
  Outcome access(std::uint64_t address, unsigned bytes, bool write, std::uint64_t value = 0,
                 AccessExtension* extension = nullptr) {
    Outcome o;
    o.data = value;
    if (const Pointer* p = pointer_for(address, bytes, write)) {
      unsigned char* at = p->at + (address - p->range.first);
      if (write) std::memcpy(at, &o.data, bytes);
      if (!write) std::memcpy(&o.data, at, bytes);
      ++by_pointer;
      o.by_pointer = true;
      o.status = tlm::TLM_OK_RESPONSE;
      return o;
    }
    tlm::tlm_generic_payload p;
    test::Master::fill(p, write ? tlm::TLM_WRITE_COMMAND : tlm::TLM_READ_COMMAND, address, &o.data, bytes);
    if (extension != nullptr) p.set_extension(extension);
    sc_core::sc_time delay;
    socket->b_transport(p, delay);
    if (extension != nullptr) p.clear_extension(extension);
    o.status = p.get_response_status();
    o.dmi_allowed = p.is_dmi_allowed();
    if (uses_pointers && o.dmi_allowed) ask(address, write);
    return o;
  }
  /// What access() goes by, or nullptr.
  const Pointer* pointer_for(std::uint64_t address, unsigned bytes, bool write) const {
    const auto found = std::find_if(pointers.begin(), pointers.end(), [&](const Pointer& p) {
      return address >= p.range.first && address + bytes - 1 <= p.range.second && (write ? p.write : p.read);
    });
    return uses_pointers && found != pointers.end() ? &*found : nullptr;
  }
  /// @return whether a pointer was given.
  bool ask(std::uint64_t address, bool write, AccessExtension* extension = nullptr) {
    tlm::tlm_generic_payload p;
    p.set_command(write ? tlm::TLM_WRITE_COMMAND : tlm::TLM_READ_COMMAND);
    p.set_address(address);
    if (extension != nullptr) p.set_extension(extension);
    given = {};
    const bool granted = socket->get_direct_mem_ptr(p, given);
    EXPECT_EQ(p.get_address(), address);
    EXPECT_EQ(p.get_extension<AccessExtension>(), extension);
    if (extension != nullptr) p.clear_extension(extension);
    EXPECT_EQ(given.is_none_allowed(), !granted);
    if (!granted) return false;
    const Range range{given.get_start_address(), given.get_end_address()};
    EXPECT_LE(range.first, address);
    EXPECT_GE(range.second, address);
    pointers.push_back({range, given.get_dmi_ptr(), given.is_read_allowed(), given.is_write_allowed()});
    if (std::find(held.begin(), held.end(), range) == held.end()) held.push_back(range);
    return true;
  }

  tlm_utils::simple_initiator_socket<Client, platform_buswidth> socket{"socket"};
  bool uses_pointers = false;
  tlm::tlm_dmi given;             // the last answer
  std::vector<Pointer> pointers;  // that may be used
  std::vector<Range> held;        // granted and not withdrawn
  std::vector<Range> withdrawn;   // all so far
  std::function<void()> on_withdrawal;
  std::uint64_t by_pointer = 0;

 private:
  void withdraw(sc_dt::uint64 first, sc_dt::uint64 last) {
    EXPECT_NE(std::find(held.begin(), held.end(), Range{first, last}), held.end())
        << name() << ": nothing was granted at " << std::hex << first << " to " << last;
    // A longer grant may have taken the place of one that began where it does.
    held.erase(std::remove_if(held.begin(), held.end(),
                              [&](const Range& r) { return r.first == first && r.second <= last; }),
               held.end());
    withdrawn.emplace_back(first, last);
    pointers.erase(
        std::remove_if(pointers.begin(), pointers.end(),
                       [&](const Pointer& p) { return p.range.first <= last && p.range.second >= first; }),
        pointers.end());
    if (on_withdrawal) on_withdrawal();
  }
};

/// Memory at 0x8000'0000 that gives pointers. Each page is of one of two banks.
class Ram : public sc_core::sc_module {
 public:
  static constexpr std::uint64_t base = 0x8000'0000;
  static constexpr std::uint64_t size = 0x40'0000;

  explicit Ram(const sc_core::sc_module_name& name) : sc_module(name) {
    for (auto& bank : m_banks) bank.resize(size);
    socket.register_b_transport(this, &Ram::b_transport);
    socket.register_transport_dbg(this, &Ram::transport_dbg);
    socket.register_get_direct_mem_ptr(this, &Ram::get_direct_mem_ptr);
  }
  unsigned char* at(std::uint64_t address) {
    return m_banks[m_bank_of[page(address)]].data() + (address - base);
  }
  /// The pages from `first` to `last` become those of the other bank: pointers lead to the wrong bytes.
  void swap(std::uint64_t first, std::uint64_t last) {
    for (std::size_t i = page(first); i <= page(last); ++i) m_bank_of[i] ^= 1U;
    socket->invalidate_direct_mem_ptr(first, last);
  }
  void clear() {
    for (auto& bank : m_banks) std::fill(bank.begin(), bank.end(), static_cast<unsigned char>(0));
    m_bank_of.fill(0);
    limits = {base, base + size - 1};
    access = tlm::tlm_dmi::DMI_ACCESS_READ_WRITE;
    hints = gives = true;
    asked = 0;
    on_access = on_ask = nullptr;
  }

  tlm_utils::simple_target_socket<Ram, platform_buswidth> socket{"socket"};
  bool hints = true, gives = true;
  Range limits{base, base + size - 1};  // of pointers
  tlm::tlm_dmi::dmi_access_e access = tlm::tlm_dmi::DMI_ACCESS_READ_WRITE;
  int asked = 0;
  AccessExtension seen;  // of the last request for a pointer
  std::function<void()> on_access, on_ask;

 private:
  void b_transport(tlm::tlm_generic_payload& p, sc_core::sc_time& delay) {
    if (on_access) on_access();
    const std::uint64_t address = p.get_address();
    if (address < base || address - base > size - p.get_data_length()) {
      p.set_response_status(tlm::TLM_ADDRESS_ERROR_RESPONSE);
      return;
    }
    move(p);
    delay += sc_core::sc_time(5, sc_core::SC_NS);
    if (hints) p.set_dmi_allowed(true);
    p.set_response_status(tlm::TLM_OK_RESPONSE);
  }
  unsigned transport_dbg(tlm::tlm_generic_payload& p) {
    move(p);
    return p.get_data_length();
  }
  void move(tlm::tlm_generic_payload& p) {
    for (unsigned i = 0; i < p.get_data_length(); ++i) {
      unsigned char& byte = *at(p.get_address() + i);
      if (p.is_read()) p.get_data_ptr()[i] = byte;
      if (p.is_write()) byte = p.get_data_ptr()[i];
    }
  }
  bool get_direct_mem_ptr(tlm::tlm_generic_payload& p, tlm::tlm_dmi& dmi) {
    ++asked;
    if (on_ask) on_ask();
    if (const auto* e = p.get_extension<AccessExtension>()) seen = *e;
    if (p.get_address() < base || p.get_address() - base >= size) return false;
    // As far as its bank reaches.
    std::uint64_t first = p.get_address() & ~0xfffULL, last = first | 0xfff;
    while (first > base && m_bank_of[page(first) - 1] == m_bank_of[page(first)]) first -= 0x1000;
    while (last < base + size - 1 && m_bank_of[page(last) + 1] == m_bank_of[page(last)]) last += 0x1000;
    first = std::max(first, limits.first);
    last = std::min(last, limits.second);
    dmi.set_start_address(first);
    dmi.set_end_address(last);
    if (!gives) return false;
    dmi.set_dmi_ptr(at(first));
    dmi.set_granted_access(access);
    dmi.set_read_latency(sc_core::sc_time(5, sc_core::SC_NS));
    dmi.set_write_latency(sc_core::sc_time(6, sc_core::SC_NS));
    return true;
  }

  static std::size_t page(std::uint64_t address) { return static_cast<std::size_t>((address - base) >> 12); }

  std::array<std::vector<unsigned char>, 2> m_banks;
  std::array<std::uint8_t, size / 0x1000> m_bank_of{};
};

/// What stands around an SMMU. TBU 0 is fixed to stream 7, TBU 1 is not.
template <class Module>
class SystemOf : public sc_core::sc_module {
 public:
  /// @param tables  where walks go; outlives this
  SystemOf(const sc_core::sc_module_name& name, Params params, smmu::TestMemory& tables)
      : sc_module(name), smmu("smmu0", with_ports(std::move(params)), host), m_tables(tables) {
    client.socket.bind(smmu.tbu_in[0]);
    other.socket.bind(smmu.tbu_in[1]);
    smmu.tbu_out[0].bind(ram.socket);
    smmu.tbu_out[1].bind(other_ram.socket);
    smmu.walk.bind(walks);
    walks.register_b_transport(this, &SystemOf::on_walk);
    walks.register_transport_dbg(this, &SystemOf::on_walk_debug);
    cpu.socket.bind(smmu.registers);
    smmu.reset.bind(reset);
    smmu.power.bind(power);
  }
  void pulse_reset() {
    reset.write(true);
    test::advance();
    reset.write(false);
    test::advance();
  }
  std::uint64_t counted(const std::string& name) const { return test::Statistics(smmu)[name]; }

  test::CapturingHost host;
  Module smmu;
  Client client{"client"};
  Client other{"other"};
  Ram ram{"ram"};
  Ram other_ram{"other_ram"};
  test::Master cpu{"cpu"};
  tlm_utils::simple_target_socket<SystemOf, platform_buswidth> walks{"walks"};
  sc_core::sc_signal<bool> reset{"reset"};
  sc_core::sc_signal<bool> power{"power", true};

 protected:
  /// All is as after power-on, but for the SMMU's tables.
  void restart_parts() {
    pulse_reset();
    EXPECT_TRUE(client.held.empty()) << "the reset has withdrawn all";
    ram.clear();
    other_ram.clear();
    client.withdrawn.clear();
    client.on_withdrawal = nullptr;
    client.uses_pointers = false;
    host.diagnostics.clear();
  }

 private:
  static Params with_ports(Params p) {
    p.set("tbus", 2);
    p.set("tbu0_stream_id", stream_id);
    p.set("tbu1_stream_id", stream_id);
    p.set("tbu0_fixed", true);
    return p;
  }
  void on_walk(tlm::tlm_generic_payload& p, sc_core::sc_time& delay) {
    for (unsigned i = 0; i < p.get_data_length(); ++i) {
      std::uint8_t& byte = m_tables.at(p.get_address() + i);
      if (p.is_read()) p.get_data_ptr()[i] = byte;
      if (p.is_write()) byte = p.get_data_ptr()[i];
    }
    delay += sc_core::sc_time(20, sc_core::SC_NS);
    p.set_response_status(tlm::TLM_OK_RESPONSE);
  }
  unsigned on_walk_debug(tlm::tlm_generic_payload& p) {
    sc_core::sc_time delay;
    on_walk(p, delay);
    return p.get_data_length();
  }

  smmu::TestMemory& m_tables;
};

}  // namespace smmuvp::dmi
