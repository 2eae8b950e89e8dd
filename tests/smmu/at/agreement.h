// A fixture that sends the same transaction in both styles, and expects the same of both.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "at_bench.h"  // of the SMMU at hand

namespace smmuvp::at {

class Agreement : public At {
 protected:
  struct Result {
    tlm::tlm_response_status status = tlm::TLM_INCOMPLETE_RESPONSE;
    sc_time takes;
    std::vector<std::uint8_t> data;
    std::string statistics;
    std::vector<std::uint64_t> downstream;
    std::vector<std::uint64_t> fetched;
    std::vector<sc_time> times;  // when they were sent, from the beginning
    sc_time next;                // what a transaction takes that begins when this one ends
  };
  std::string statistics() {
    struct All : StatVisitor {
      void stat(std::string_view n, std::uint64_t v, std::string_view, std::string_view) override {
        const std::uint64_t before = base[std::string(n)];
        text.append(n).append(" ").append(std::to_string(v - before)).append("\n");
        now[std::string(n)] = v;
      }
      std::map<std::string, std::uint64_t> base, now;
      std::string text;
    } all;
    all.base = m_statistics;
    b.smmu.statistics(all);
    m_statistics = all.now;
    return all.text;
  }
  Result run(bool blocking, const std::function<void()>& prepare, std::uint64_t address, unsigned length,
             bool write) {
    Result r;
    b.in_simulation([&] {
      fresh();
      prepare();
      wait(ns(1000));
      statistics();  // from here on
      b.target.seen.clear();
      b.tables.seen.clear();
      Operation op;
      op.address = address;
      op.data.resize(length);
      for (unsigned i = 0; i < length; ++i) op.data[i] = static_cast<std::uint8_t>(i + 1);
      op.write = write;
      const sc_time begin = sc_time_stamp();
      if (blocking) {
        const Bench::Blocking result = b.blocking(b.master, op);
        r.status = result.status;
        r.takes = result.delay;
        r.data = op.data;
        wait(result.delay);
      } else {
        const Operation& sent = b.master.issue(address, op.data, write);
        while (!sent.done) wait(b.master.finished);
        EXPECT_EQ(sent.begun, begin);
        r.status = sent.status;
        r.takes = sent.answered - sent.begun;
        r.data = sent.data;
      }
      EXPECT_EQ(sc_time_stamp(), begin + r.takes);
      r.statistics = statistics();
      r.downstream = seen(b.target);
      for (std::uint64_t a : seen(b.tables)) r.fetched.push_back(a & 0xfff);  // tables move from run to run
      for (const Target* t : {&b.target, &b.tables}) {
        for (const Target::Seen& s : t->seen) r.times.push_back(s.at - begin);
      }
      Operation next;
      next.address = address;
      next.data.resize(4);
      r.next = b.blocking(b.master, next).delay;
    });
    return r;
  }
  /// @return the result of both
  Result agree(const std::function<void()>& prepare, std::uint64_t address, unsigned length = 4,
               bool write = false) {
    const Result lt = run(true, prepare, address, length, write);
    const Result at = run(false, prepare, address, length, write);
    EXPECT_EQ(lt.status, at.status);
    EXPECT_EQ(lt.takes, at.takes);
    EXPECT_EQ(lt.data, at.data);
    EXPECT_EQ(lt.statistics, at.statistics);
    EXPECT_EQ(lt.downstream, at.downstream);
    EXPECT_EQ(lt.fetched, at.fetched);
    EXPECT_EQ(lt.times, at.times);
    EXPECT_EQ(lt.next, at.next);
    return at;
  }
  /// In the simulation: see Bench.
  virtual void fresh() { b.fresh(); }

  std::map<std::string, std::uint64_t> m_statistics;
};

}  // namespace smmuvp::at
