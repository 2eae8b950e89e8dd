// Two systems in step, one of whose masters uses pointers: software, memory and devices do the same to both,
// and see the same. What software is there, and which SMMU, is the test's.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <functional>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include "parts.h"
#include "smmuvp/test/core.h"
#include "smmuvp/test/course.h"

namespace smmuvp::dmi {

/// @tparam Side  made of a name; has a SystemOf, `s`
template <class Side>
struct Both {
  Side plain{"plain"};
  Side direct{"direct"};  ///< whose master uses pointers
  template <class F>
  void each(F f) {
    f(plain);
    f(direct);
  }
};

template <class Side>
class InStep {
 public:
  InStep(Both<Side>& both, std::uint64_t seed) : m(both), m_random(seed) {}

 protected:
  std::uint64_t below(std::uint64_t n) { return m_random.below(n); }
  bool one_in(std::uint64_t n) { return below(n) == 0; }

  /// Before the first step: as each side begins.
  void use_pointers() {
    m.direct.s.client.uses_pointers = true;
    // Whoever asks again at once gets nothing that is withdrawn then.
    m.direct.s.client.on_withdrawal = [&client = m.direct.s.client] {
      client.ask(client.withdrawn.back().first, false);
    };
  }
  /// A few bytes from there on. @param within  what may happen to an SMMU while the access is downstream.
  /// @return whether it went by a pointer
  bool access(std::uint64_t address, const std::function<void(Side&)>& within) {
    // The next bytes matter most where something changed, so few addresses are used.
    address += one_in(8) ? 0xffc : below(4) * 8;
    const unsigned bytes = static_cast<unsigned>(1 + below(8));
    const bool write = one_in(2);
    if (one_in(16)) change_within(address, bytes, write, within);
    const bool by_pointer = compare(address, bytes, write);
    m.each([](Side& side) { side.s.ram.on_access = nullptr; });
    return by_pointer;
  }
  /// Whatever there is a pointer for is as a transaction finds it, at both ends.
  void compare_pointers() {
    const std::vector<Client::Pointer> pointers = m.direct.s.client.pointers;
    for (const Client::Pointer& p : pointers) {
      for (const std::uint64_t address : {p.range.first, p.range.second}) {
        for (const bool write : {false, true}) {
          if (!(write ? p.write : p.read)) continue;
          EXPECT_TRUE(compare(address, 1, write)) << "at once by the pointer";
        }
      }
    }
  }
  void compare_memory() {
    for (std::uint64_t at = Ram::base; at < Ram::base + Ram::size; at += 0x1000) {
      ASSERT_EQ(std::memcmp(m.plain.s.ram.at(at), m.direct.s.ram.at(at), 0x1000), 0) << std::hex << at;
    }
  }
  /// One page of memory or two change their bank.
  void swap(std::uint64_t first) {
    const std::uint64_t last = first + 0x1000 * (1 + below(2)) - 1;
    m.each([&](Side& side) { side.s.ram.swap(first, last); });
  }
  static std::uint64_t ram_page(std::uint64_t n) { return Ram::base + n * 0x1000; }

  Both<Side>& m;

 private:
  /// Both masters do the same.
  bool compare(std::uint64_t address, unsigned bytes, bool write) {
    const std::uint64_t value = m_random.next();
    const Client::Outcome a = m.plain.s.client.access(address, bytes, write, value);
    const Client::Outcome b = m.direct.s.client.access(address, bytes, write, value);
    EXPECT_EQ(a, b) << std::hex << (write ? "write" : "read") << " at 0x" << address << ": " << a.status
                    << ", " << b.status << "; " << a.data << ", " << b.data
                    << (b.by_pointer ? " by pointer" : "");
    return b.by_pointer;
  }
  /// Memory is to change, or the SMMU, while the next access is downstream: in both systems, or in neither.
  void change_within(std::uint64_t address, unsigned bytes, bool write,
                     const std::function<void(Side&)>& within) {
    if (m.direct.s.client.pointer_for(address, bytes, write) != nullptr) return;
    const std::uint64_t first = ram_page(below(8));
    const bool of_smmu = one_in(2);
    m.each([&](Side& side) {
      side.s.ram.on_access = [&side, first, of_smmu, within, done = false]() mutable {
        if (std::exchange(done, true)) return;
        of_smmu ? within(side) : side.s.ram.swap(first, first + 0xfff);
      };
    });
  }

  test::Random m_random;
};

/// Runs schedules of steps one after the other: SMMUVP_SCHEDULES of them, or as course.h says.
/// @tparam Schedule  made of both and a seed; run(steps), and by_pointer: how often, by what it calls a mode
/// @param idle  a mode in which nothing is accessed
template <class Schedule, class Side>
void compare_in_step(Both<Side>& both, std::size_t idle) {
  const test::Course course(test::number("SMMUVP_SEED", 1), test::number("SMMUVP_SCHEDULES", 400));
  decltype(Schedule::by_pointer) by_pointer{};
  std::uint64_t schedules = 0;
  const bool agrees = course.run([&](std::uint64_t seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Schedule schedule(both, seed);
    schedule.run(600);
    for (std::size_t i = 0; i < by_pointer.size(); ++i) by_pointer[i] += schedule.by_pointer[i];
    ++schedules;
    return !::testing::Test::HasFailure();
  });
  ASSERT_TRUE(agrees);
  std::cout << schedules << " schedules; accesses by pointer, by mode:";
  for (std::size_t mode = 0; mode < by_pointer.size(); ++mode) {
    std::cout << ' ' << by_pointer[mode];
    if (mode == idle) continue;
    EXPECT_GT(by_pointer[mode], schedules * 10) << "or nothing is tested of mode " << mode;
  }
  std::cout << '\n';
  EXPECT_EQ(both.plain.s.counted("dmi_grants"), 0U);
}

}  // namespace smmuvp::dmi
