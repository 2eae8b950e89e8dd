// Random programs: software that configures streams, banks and tables, and devices behind it.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "pair.h"
#include "smmuvp/test/core.h"

namespace smmuvp::smmuv2::compare {

class Program {
 public:
  /// @param log  what happens is noted there, if it is not nullptr
  Program(Pair& pair, test::Random& random, std::vector<std::string>* log = nullptr)
      : m_pair(pair), m_random(random), m_log(log) {}
  /// @return whether the models agreed; else Pair::difference() tells
  bool run();

 private:
  /// n has 32 bits; a division would be most of the time that tables take
  std::uint64_t below(std::uint64_t n) { return ((m_random.next() >> 32) * n) >> 32; }
  bool one_in(unsigned n) { return below(n) == 0; }
  /// The bank that a stream is for. Of Secure groups the banks are Secure, too.
  unsigned bank_of(unsigned group) const {
    const unsigned NUMCB = m_pair.features().NUMCB;
    return group + NUMCB < 8 ? group : group + NUMCB - 8;
  }
  unsigned bank() { return static_cast<unsigned>(below(m_pair.features().NUMCB)); }
  void write(std::uint32_t offset, std::uint64_t value, unsigned bytes = 4);
  void write_bank(unsigned n, std::uint32_t offset, std::uint64_t value, unsigned bytes = 4);

  void globals();
  void stream(unsigned group);
  void set_up(unsigned n);
  void configure_bank(unsigned n);
  void quiesce(unsigned n);
  void share(unsigned n, unsigned other);
  bool may_share(unsigned n, unsigned other);
  bool shared(unsigned n) const;
  void control(unsigned n);
  std::uint64_t any_control();
  void write_control(unsigned n, std::uint64_t SCTLR);
  bool reads_short_descriptors(unsigned n) const;
  std::uint32_t stage2_range(bool VA64);
  void tables();
  std::uint64_t long_descriptor();
  std::uint32_t short_descriptor();
  void short_descriptors(std::uint64_t at);
  std::uint64_t address();
  void partition();
  void monitors(unsigned group);
  void any_place();
  void descriptor();
  void any_register();
  void clear(unsigned n);
  void operation();
  void access();
  void invalidate_all();

  Pair& m_pair;
  test::Random& m_random;
  std::vector<std::string>* m_log;
  bool m_secure = false;  // who writes
  bool m_some_secure = false;
  bool m_short_tables = false;
  unsigned m_secure_groups = 0;      // and as many banks
  bool m_clean = false;              // most of its accesses translate
  std::array<unsigned, 8> m_tags{};  // of each bank: the bank whose tags it has, itself or another
};

}  // namespace smmuvp::smmuv2::compare
