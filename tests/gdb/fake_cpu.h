// A processor that only remembers.
#pragma once
#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "gdb_registers.h"
#include "smmuvp/tlm/debug_control.h"

namespace smmuvp::platform {

class FakeCpu : public DebugControl {
 public:
  static constexpr std::uint64_t base = 0x40000000;
  FakeCpu() : memory(0x10000) {
    for (const GdbRegister& reg : gdb_registers()) {
      for (const std::string& part : reg.parts) registers[part] = 0;
    }
    registers["PSTATE"] = 0x3c5;
  }
  void set_debug_client(DebugClient*) override {}
  void request_break() override { ++breaks; }
  void step() override { ++steps; }
  std::optional<std::uint64_t> debug_register(const std::string& name) const override {
    const auto found = registers.find(name);
    return found == registers.end() ? std::nullopt : std::optional<std::uint64_t>(found->second);
  }
  bool set_debug_register(const std::string& name, std::uint64_t value) override {
    if (registers.count(name) == 0) return false;
    registers[name] = value;
    return true;
  }
  std::size_t debug_read(std::uint64_t address, void* data, std::size_t length) override {
    const std::size_t n = reach(address, length);
    std::copy_n(memory.begin() + static_cast<std::ptrdiff_t>(address - base), n, static_cast<char*>(data));
    return n;
  }
  std::size_t debug_write(std::uint64_t address, const void* data, std::size_t length) override {
    const std::size_t n = reach(address, length);
    std::copy_n(static_cast<const char*>(data), n,
                memory.begin() + static_cast<std::ptrdiff_t>(address - base));
    return n;
  }
  bool set_breakpoint(std::uint64_t address) override {
    if (address % 4 != 0) return false;
    breakpoints.insert(address);
    return true;
  }
  void clear_breakpoint(std::uint64_t address) override { breakpoints.erase(address); }

  std::map<std::string, std::uint64_t> registers;
  std::vector<char> memory;
  std::set<std::uint64_t> breakpoints;
  int steps = 0;
  int breaks = 0;

 private:
  std::size_t reach(std::uint64_t& address, std::size_t length) const {
    if (address < base || address - base >= memory.size()) {
      address = base;
      return 0;
    }
    return std::min<std::size_t>(length, memory.size() - static_cast<std::size_t>(address - base));
  }
};

}  // namespace smmuvp::platform
